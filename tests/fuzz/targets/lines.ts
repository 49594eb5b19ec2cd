/**
 * Fuzz target: the reader of DWARF line number programs (.debug_line).
 *
 * @module
 */

import { LineTable } from "../../../bpf/elf/line_table.ts";
import { LINE_TEXTS, lineUnit } from "../../support/line_unit.ts";
import { must, type Target } from "../target.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const START = 0x1000;

/** Looks up source lines of addresses. */
export const lines: Target<Bytes> = {
  name: "lines",
  what: "source lines of addresses (.debug_line)",
  samples: () =>
    ([3, 4, 5] as const).map((version) => {
      const units = [lineUnit(version, START), lineUnit(5, 2 * START)];
      return { value: Uint8Array.from(units.flatMap((unit) => [...unit])) };
    }),
  run(programs) {
    const table = new LineTable({ programs, lineTexts: LINE_TEXTS, texts: undefined });
    for (const address of [0, START - 1, START, START + 5, START + 330, 2 * START, 2 ** 53]) {
      const found = table.at(address);
      if (!found) continue;
      must(found.line >= 1, `line ${found.line}`);
      must(found.file.length <= 4096, "a path is too long");
    }
  },
};
