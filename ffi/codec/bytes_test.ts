import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, bytesRest } from "./bytes.ts";

test("bytes() reads a copy", () => {
  const view = new DataView(Uint8Array.of(1, 2, 3, 4).buffer);
  const copy = bytes(2).read(view, 1);
  view.setUint8(1, 9);
  assert.deepEqual([...copy], [2, 3]);
});

test("bytes() writes exactly its length", () => {
  const view = new DataView(new ArrayBuffer(4));
  bytes(2).write(view, 1, Uint8Array.of(7, 8));
  assert.deepEqual([...new Uint8Array(view.buffer)], [0, 7, 8, 0]);
  assert.throws(() => bytes(2).write(view, 0, Uint8Array.of(1)), {
    name: "RangeError",
    message: "Cannot write 1 bytes to __u8[2]: expected 2",
  });
  assert.throws(() => bytes(2).write(view, 0, [1, 2] as never), TypeError);
  assert.throws(() => bytes(0), RangeError);
});

test("bytes() stays inside the view", () => {
  const view = new DataView(new ArrayBuffer(10), 2, 4);
  for (const offset of [-1, 3]) assert.throws(() => bytes(2).read(view, offset), RangeError);
});

test("bytesRest() reads to the end, NULs included, and writes what it is given", () => {
  const view = new DataView(Uint8Array.of(1, 0, 3, 4).buffer);
  assert.deepEqual([...bytesRest().read(view, 1)], [0, 3, 4]);
  assert.deepEqual([...bytesRest().read(view, 1, 3)], [0, 3]);
  assert.deepEqual([...bytesRest().read(view, 4)], []);
  bytesRest().write(view, 2, Uint8Array.of(9));
  assert.deepEqual([...new Uint8Array(view.buffer)], [1, 0, 9, 4]);
  assert.throws(() => bytesRest().read(view, 1, 9), RangeError);
  assert.throws(() => bytesRest().write(view, 3, Uint8Array.of(9, 9)), RangeError);
});
