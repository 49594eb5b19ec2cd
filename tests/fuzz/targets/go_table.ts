/**
 * Fuzz target: the reader of Go's function table (.gopclntab).
 *
 * @module
 */

import { readCallFrames } from "../../../bpf/elf/call_frames.ts";
import { ElfFile } from "../../../bpf/elf/elf_file.ts";
import { ElfFunctions } from "../../../bpf/elf/elf_functions.ts";
import { elfImage } from "../../support/elf_image.ts";
import { goTable as image } from "../../support/go_table.ts";
import { isOurRange, must, type Sample, type Target } from "../target.ts";
import { withFile } from "./elf.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** An ELF file with such a table; only the table's bytes are mutated. */
function samples(): Sample<Bytes>[] {
  const table = image();
  const value = elfImage({ section: { name: ".gopclntab", bytes: table } });
  const start = value.findIndex((_, i) => table.every((byte, n) => value[i + n] === byte));
  return [{ value, hot: [[start, start + table.length], [start, start + 72]] }];
}

/** Reads names, lines and unwind information. */
export const goTable: Target<Bytes> = {
  name: "go-table",
  what: "what Go programs tell of their functions (.gopclntab)",
  samples,
  isRefusal: isOurRange,
  run: (bytes) =>
    withFile(bytes, (path) => {
      using file = new ElfFile(path);
      const { addresses } = readCallFrames(file) ?? { addresses: [] };
      for (let i = 1; i < addresses.length; i++) {
        must(addresses[i - 1]! < addresses[i]!, "rules are not in order");
      }
      using functions = new ElfFunctions(path);
      for (const offset of [0x100, 0x110, 0x130, 0x160]) {
        functions.at(offset);
        functions.lineAt(offset);
      }
    }),
};
