import assert from "node:assert/strict";
import { test } from "node:test";
import type { Codec } from "./codec.ts";
import { bool, char, f32, f64, i16, i32, i8, u16, u32, u8 } from "./scalars.ts";

const memory = () => new DataView(new ArrayBuffer(16));

const RANGES: readonly [Codec<number>, string, number, number][] = [
  [u8, "__u8", 0, 255],
  [u16, "__u16", 0, 65535],
  [u32, "__u32", 0, 4294967295],
  [i8, "__s8", -128, 127],
  [i16, "__s16", -32768, 32767],
  [i32, "__s32", -2147483648, 2147483647],
  [char, "char", -128, 127],
];

for (const [codec, name, min, max] of RANGES) {
  test(`${name} reads what it wrote, at any alignment`, () => {
    for (let offset = 0; offset < 8; offset++) {
      for (const value of [min, max, 0, 1]) {
        const view = memory();
        codec.write(view, offset, value);
        assert.equal(codec.read(view, offset), value);
      }
    }
  });

  test(`${name} refuses what is out of range or no integer`, () => {
    for (const value of [min - 1, max + 1]) {
      assert.throws(() => codec.write(memory(), 0, value), {
        name: "RangeError",
        message: `Cannot write ${value} to ${name}: expected ${min} to ${max}`,
      });
    }
    for (const [value, shown] of [[1.5, "1.5"], [NaN, "NaN"], ["1", '"1"'], [1n, "1n"]] as const) {
      assert.throws(() => codec.write(memory(), 0, value as number), {
        name: "TypeError",
        message: `Cannot write ${shown} to ${name}: expected an integer`,
      });
    }
  });

  test(`${name} has the size and alignment of its bits`, () => {
    const size = Math.log2(max - min + 1) / 8;
    assert.deepEqual([codec.size, codec.align], [size, size]);
  });
}

test("u32 is stored with its low byte first", () => {
  const view = memory();
  u32.write(view, 1, 0x01020304);
  assert.deepEqual([...new Uint8Array(view.buffer, 0, 6)], [0, 4, 3, 2, 1, 0]);
});

test("u32.read() throws when the view is too short", () => {
  assert.throws(() => u32.read(memory(), 13), RangeError);
});

test("f32 and f64 read what they wrote", () => {
  const view = memory();
  for (const value of [0, -1.5, Infinity, NaN, 2 ** -100]) {
    f32.write(view, 3, value);
    assert.equal(f32.read(view, 3), value);
    f64.write(view, 3, value);
    assert.equal(f64.read(view, 3), value);
  }
  f32.write(view, 0, 0.1);
  assert.equal(f32.read(view, 0), Math.fround(0.1));
  assert.throws(() => f64.write(view, 0, "1" as never), {
    message: 'Cannot write "1" to double: expected a number',
  });
});

test("bool reads any byte but 0 as true and writes only booleans", () => {
  const view = memory();
  bool.write(view, 0, true);
  assert.equal(view.getUint8(0), 1);
  view.setUint8(0, 200);
  assert.equal(bool.read(view, 0), true);
  bool.write(view, 0, false);
  assert.equal(bool.read(view, 0), false);
  assert.throws(() => bool.write(view, 0, 1 as never), {
    message: "Cannot write 1 to _Bool: expected true or false",
  });
});

test("scalars are frozen", () => {
  assert.ok(Object.isFrozen(u8) && Object.isFrozen(u8.type));
  assert.ok(Object.isFrozen(f32) && Object.isFrozen(bool));
});
