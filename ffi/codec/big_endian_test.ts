import assert from "node:assert/strict";
import { test } from "node:test";
import { u16be, u32be, u64be } from "./big_endian.ts";

test("u16be, u32be and u64be store their high byte first", () => {
  const view = new DataView(new ArrayBuffer(15));
  u16be.write(view, 1, 443);
  u32be.write(view, 3, 0x7f000001);
  u64be.write(view, 7, 0x0102030405060708n);
  const bytes = [0, 1, 187, 127, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8];
  assert.deepEqual([...new Uint8Array(view.buffer)], bytes);
  assert.equal(u16be.read(view, 1), 443);
  assert.equal(u32be.read(view, 3), 0x7f000001);
  assert.equal(u64be.read(view, 7), 0x0102030405060708n);
});

test("u16be, u32be and u64be refuse what does not fit", () => {
  const view = new DataView(new ArrayBuffer(8));
  assert.throws(() => u16be.write(view, 0, 65536), {
    message: "Cannot write 65536 to __be16: expected 0 to 65535",
  });
  assert.throws(() => u32be.write(view, 0, -1), RangeError);
  assert.throws(() => u64be.write(view, 0, 2n ** 64n), RangeError);
});
