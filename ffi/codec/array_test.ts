import assert from "node:assert/strict";
import { test } from "node:test";
import { array } from "./array.ts";
import { charsRest } from "./chars.ts";
import { u16 } from "./scalars.ts";
import { struct } from "./struct.ts";

test("array() reads and writes its elements in order", () => {
  const codec = array(array(u16, 2), 2);
  const view = new DataView(new ArrayBuffer(9));
  codec.write(view, 1, [[1, 2], [3, 4]]);
  assert.deepEqual([...new Uint8Array(view.buffer)], [0, 1, 0, 2, 0, 3, 0, 4, 0]);
  assert.deepEqual(codec.read(view, 1), [[1, 2], [3, 4]]);
  assert.deepEqual([codec.size, codec.align], [8, 2]);
});

test("array() refuses another number of elements", () => {
  const view = new DataView(new ArrayBuffer(4));
  assert.throws(() => array(u16, 2).write(view, 0, [1]), {
    name: "RangeError",
    message: "Cannot write 1 elements to an array: expected 2",
  });
  assert.throws(() => array(u16, 2).write(view, 0, "ab" as never), TypeError);
});

test("array() refuses lengths and elements that C has not", () => {
  for (const n of [0, -1, 0.5]) assert.throws(() => array(u16, n), RangeError);
  assert.throws(() => array(charsRest(), 2), TypeError);
  assert.throws(() => array(struct("", { a: u16, b: charsRest() }), 2), TypeError);
});
