import assert from "node:assert/strict";
import { test } from "node:test";
import { aligned, bits, padding } from "./bits.ts";
import { chars } from "./chars.ts";
import { u64 } from "./int64.ts";
import { type Fields, layOut, type LayoutOptions } from "./layout.ts";
import { u16, u32, u8 } from "./scalars.ts";

// tests/host/codec_layout_test.ts compares hundreds of layouts with compilers'; these are by hand.
const STRUCTS: readonly [string, Fields, LayoutOptions, number, number, readonly number[]][] = [
  ["natural", { a: u8, b: u64, c: u16 }, {}, 24, 8, [0, 64, 128]],
  ["packed", { a: u8, b: u64, c: u16 }, { packed: true }, 11, 1, [0, 8, 72]],
  ["aligned", { a: u8, b: u16 }, { align: 8 }, 8, 8, [0, 16]],
  ["packed and aligned", { a: u8, b: u32 }, { packed: true, align: 4 }, 8, 4, [0, 8]],
  ["an aligned member", { a: u8, b: aligned(chars(3), 4) }, {}, 8, 4, [0, 32]],
  ["bit-fields", { a: bits(u32, 30), b: bits(u32, 5), c: u8 }, {}, 8, 4, [0, 32, 40]],
  ["packed bits", { a: bits(u32, 30), b: bits(u32, 5), c: u8 }, { packed: true }, 6, 1, [
    0,
    30,
    40,
  ]],
  ["a zero width", { a: bits(u8, 3), z: padding(u32, 0), b: bits(u8, 3) }, {}, 5, 1, [0, 32, 32]],
  ["unnamed bits", { a: u8, gap: padding(u32, 20), b: u8 }, {}, 5, 1, [0, 8, 32]],
];

for (const [what, fields, options, size, align, offsets] of STRUCTS) {
  test(`layOut() places a struct with ${what}`, () => {
    const layout = layOut("struct", "s", fields, options);
    assert.deepEqual([layout.type.bytes, layout.align], [size, align]);
    assert.deepEqual(layout.type.members.map(({ bitOffset }) => bitOffset), offsets);
  });
}

test("layOut() places a union's members at its start", () => {
  const { type, align, slots } = layOut("union", "u", { a: u8, b: chars(5), c: u32 }, {});
  assert.deepEqual([type.bytes, align], [8, 4]);
  assert.deepEqual(slots.map(({ offset }) => offset), [0, 0, 0]);
});

test("layOut() keeps attributes and widths in the type, and padding out of the slots", () => {
  const fields = { a: bits(u8, 3), gap: padding(u8, 2), b: aligned(u8, 2) };
  const { type, slots } = layOut("struct", "s", fields, { packed: true, align: 4 });
  assert.deepEqual(type, {
    kind: "struct",
    name: "s",
    bytes: 4,
    packed: true,
    align: 4,
    members: [
      { name: "a", type: u8.type, bitOffset: 0, bitSize: 3 },
      { name: "", type: u8.type, bitOffset: 3, bitSize: 2 },
      { name: "b", type: u8.type, bitOffset: 16, align: 2 },
    ],
  });
  assert.deepEqual(slots.map(({ name, offset }) => [name, offset]), [["a", 0], ["b", 2]]);
});
