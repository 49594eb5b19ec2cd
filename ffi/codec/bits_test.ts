import assert from "node:assert/strict";
import { test } from "node:test";
import { u16be } from "./big_endian.ts";
import { aligned, bits, padding } from "./bits.ts";
import { enumOf } from "./enum_of.ts";
import { i64, u64 } from "./int64.ts";
import { bool, f32, i8, u32, u8 } from "./scalars.ts";
import { struct } from "./struct.ts";

const Flags = struct("flags", {
  low: bits(u8, 3),
  sign: bits(i8, 4),
  yes: bits(bool, 1),
  mode: bits(enumOf("mode", { OFF: 0, ON: 2 }), 2),
  wide: bits(u64, 40),
  count: bits(u64.asNumber, 12),
});

const value = { low: 5, sign: -8, yes: true, mode: "ON" as const, wide: 2n ** 40n - 3n, count: 9 };

test("bits() reads what it wrote through the type's own codec", () => {
  const view = new DataView(new ArrayBuffer(Flags.size + 1));
  Flags.write(view, 1, value);
  assert.deepEqual(Flags.read(view, 1), value);
  assert.equal(view.getUint8(1), 5 | 8 << 3 | 1 << 7);
});

test("bits() refuses what its width cannot hold", () => {
  const view = new DataView(new ArrayBuffer(Flags.size));
  const cases = [
    [{ low: 8 }, "Cannot write 8 to __u8:3: expected 0 to 7"],
    [{ sign: -9 }, "Cannot write -9 to __s8:4: expected -8 to 7"],
    [{ mode: 4 }, "Cannot write 4 to enum mode:2: expected 0 to 3"],
    [{ wide: 2n ** 40n }, "Cannot write 1099511627776n to __u64:40: expected 0 to 1099511627775"],
    [{ low: 256 }, "Cannot write 256 to __u8: expected 0 to 255"],
  ] as const;
  for (const [wrong, message] of cases) {
    assert.throws(() => Flags.write(view, 0, { ...value, ...wrong }), {
      name: "RangeError",
      message,
    });
  }
});

test("bits() leaves its neighbours alone in packed structs that reach over bytes", () => {
  const Packed = struct("p", { a: bits(u8, 7), b: bits(i64, 63), c: bits(u32, 2) }, {
    packed: true,
  });
  const view = new DataView(new ArrayBuffer(Packed.size));
  for (const b of [-(2n ** 62n), -1n, 0n, 2n ** 62n - 1n]) {
    Packed.write(view, 0, { a: 85, b, c: 2 });
    assert.deepEqual(Packed.read(view, 0), { a: 85, b, c: 2 });
  }
});

test("bits() refuses types and widths that C has not", () => {
  assert.throws(() => bits(f32, 3), {
    name: "TypeError",
    message: "Cannot make a bit-field of this type: expected an integer, bool or enum",
  });
  assert.throws(() => bits(u16be, 3), TypeError);
  assert.throws(() => bits(u8, 9), {
    name: "RangeError",
    message: "Cannot make a bit-field of 9 bits: expected 0 to 8",
  });
  assert.throws(() => bits(bool, 2), RangeError);
  assert.throws(() => padding(u8, -1), RangeError);
  assert.throws(() => bits(u8, 1.5), RangeError);
});

test("bits() of width 0 is padding()", () => {
  assert.deepEqual(bits(u32, 0), padding(u32, 0));
});

test("aligned() refuses what is no power of two", () => {
  for (const n of [0, 3, -8, 1.5, NaN, 2 ** 32]) {
    assert.throws(() => aligned(u8, n), {
      name: "RangeError",
      message: `Cannot align to ${n} bytes: expected a power of two`,
    });
  }
});
