/**
 * Fuzz target: the reader of inlined functions in DWARF (.debug_info, .debug_abbrev).
 *
 * @module
 */

import { InlinedTable } from "../../../bpf/elf/inlined.ts";
import { must, type Target } from "../target.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const START = 0x1000;
/**
 * Size in bytes of .debug_info in an input; .debug_abbrev follows, and both serve as the other
 * sections.
 */
const ENTRIES = 80;

const word = (value: number, size: number) =>
  Array.from({ length: size }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff);
const ABBREVIATIONS = [
  // A unit with its address range; a function with its name; an inlined call: origin, address range,
  // file, line.
  ...[1, 0x11, 1, 0x11, 0x01, 0x12, 0x06, 0, 0],
  ...[2, 0x2e, 0, 0x03, 0x08, 0, 0],
  ...[3, 0x1d, 0, 0x31, 0x13, 0x11, 0x01, 0x12, 0x06, 0x58, 0x0b, 0x59, 0x0b, 0, 0],
  // An inlined call whose code is a list of ranges.
  ...[4, 0x1d, 0, 0x31, 0x13, 0x55, 0x17, 0, 0],
  0,
];

function sample(version: 4 | 5): Bytes {
  const head = version === 4 ? [...word(0, 4), 8] : [1, 8, ...word(0, 4)];
  const unit = [1, ...word(START, 8), ...word(0x100, 4)];
  const named = 4 + 2 + head.length + unit.length;
  const call = [3, ...word(named, 4), ...word(START + 0x10, 8), ...word(0x20, 4), 1, 7];
  const listed = [4, ...word(named, 4), ...word(ENTRIES + ABBREVIATIONS.length, 4)];
  const body = [...word(version, 2), ...head, ...unit, 2, 0x66, 0, ...call, ...listed, 0];
  const entries = [...word(body.length, 4), ...body];
  const padding = Array<number>(ENTRIES - entries.length).fill(0);
  const list = version === 4
    ? [...word(0x18, 8), ...word(0x20, 8), ...word(0, 16)]
    : [4, 0x18, 0x20, 0];
  return Uint8Array.from([...entries, ...padding, ...ABBREVIATIONS, ...list]);
}

/** Looks up inlined functions at addresses. */
export const inlined: Target<Bytes> = {
  name: "inlined",
  what: "inlined functions at addresses (.debug_info)",
  samples: () => ([4, 5] as const).map((version) => ({ value: sample(version) })),
  run(bytes) {
    const table = new InlinedTable({
      entries: bytes.slice(0, ENTRIES),
      abbreviations: bytes.slice(ENTRIES),
      texts: bytes,
      lineTexts: bytes,
      textOffsets: bytes,
      addresses: bytes,
      ranges: bytes,
      rangeLists: bytes,
    }, undefined);
    for (const address of [0, START - 1, START, START + 0x11, START + 0x1a, 2 ** 53]) {
      for (const { caller } of table.at(address)) must(!caller, "a line comes from nowhere");
    }
  },
};
