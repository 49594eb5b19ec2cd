import assert from "node:assert/strict";
import { test } from "node:test";
import { i64, pointer, u64 } from "./int64.ts";

const memory = () => new DataView(new ArrayBuffer(16));
const U64_MAX = 2n ** 64n - 1n;

test("u64, i64 and pointer read what they wrote, at any alignment", () => {
  const view = memory();
  for (let offset = 0; offset <= 8; offset++) {
    for (const value of [0n, 1n, 2n ** 63n, U64_MAX]) {
      u64.write(view, offset, value);
      assert.equal(u64.read(view, offset), value);
      assert.equal(pointer.read(view, offset), value);
      assert.equal(i64.read(view, offset), BigInt.asIntN(64, value));
    }
  }
});

test("u64.write() refuses numbers and what does not fit", () => {
  assert.throws(() => u64.write(memory(), 0, 1 as never), {
    name: "TypeError",
    message: "Cannot write 1 to __u64: expected a bigint",
  });
  assert.throws(() => u64.write(memory(), 0, -1n), {
    name: "RangeError",
    message: "Cannot write -1n to __u64: expected 0 to 18446744073709551615",
  });
  assert.throws(() => i64.write(memory(), 0, 2n ** 63n), RangeError);
  assert.throws(() => pointer.write(memory(), 0, 2n ** 64n), RangeError);
});

test("asNumber reads exactly up to 2^53-1 and to the nearest number above", () => {
  const view = memory();
  const values = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n + 1n];
  for (const value of [...values, 2n ** 63n + 1025n, U64_MAX, 0x123456789abcdef1n]) {
    view.setBigUint64(1, value, true);
    assert.equal(u64.asNumber.read(view, 1), Number(value));
    assert.equal(i64.asNumber.read(view, 1), Number(BigInt.asIntN(64, value)));
  }
});

test("asNumber writes safe integers only", () => {
  const view = memory();
  for (const value of [0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    u64.asNumber.write(view, 3, value);
    assert.equal(u64.read(view, 3), BigInt(value));
    i64.asNumber.write(view, 3, -value);
    assert.equal(i64.read(view, 3), -BigInt(value));
  }
  assert.throws(() => u64.asNumber.write(view, 0, 2 ** 53), {
    name: "RangeError",
    message: "Cannot write 9007199254740992 to __u64: expected 0 to 9007199254740991",
  });
  assert.throws(() => u64.asNumber.write(view, 0, -1), RangeError);
  assert.throws(() => i64.asNumber.write(view, 0, 0.5), TypeError);
  assert.throws(() => i64.asNumber.write(view, 0, 1n as never), TypeError);
});
