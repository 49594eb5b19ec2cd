import assert from "node:assert/strict";
import { test } from "node:test";
import { recordReader } from "./struct_reader.ts";
import { u8 } from "./scalars.ts";

test("recordReader() reads any number of members, in order", () => {
  const view = new DataView(Uint8Array.from({ length: 40 }, (_, i) => i).buffer);
  for (let count = 1; count <= 30; count++) {
    const slots = Array.from({ length: count }, (_, i) => ({
      name: `f${i}`,
      offset: i * 2 % 31,
      access: u8,
    }));
    const expected = Object.fromEntries(slots.map(({ name, offset }) => [name, offset + 3]));
    const row = recordReader(slots)(view, 3);
    assert.deepEqual(row, expected);
    assert.deepEqual(Object.keys(row), Object.keys(expected));
  }
});

test("recordReader() hands the end of the value to every member", () => {
  const ends: unknown[] = [];
  const access = {
    read: (_view: DataView, _offset: number, end?: number) => ends.push(end),
    write() {},
  };
  const slots = Array.from({ length: 13 }, (_, i) => ({ name: `f${i}`, offset: i, access }));
  recordReader(slots)(new DataView(new ArrayBuffer(16)), 0, 14);
  assert.deepEqual(ends, Array(13).fill(14));
});
