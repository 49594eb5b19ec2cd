import assert from "node:assert/strict";
import { test } from "node:test";
import { bitAccess } from "./bit_access.ts";
import type { Codec } from "./codec.ts";
import { i64, u64 } from "./int64.ts";
import { i8, u16, u32 } from "./scalars.ts";

/** The bytes of a number that is `length` bytes long. */
function bytesOf(number: bigint, length: number): number[] {
  return Array.from({ length }, (_, i) => Number(number >> BigInt(8 * i) & 0xffn));
}

const PATTERN = 0xfedcba9876543210_0fn;

for (const [codec, signed, name] of [[u64, false, "__u64"], [i64, true, "__s64"]] as const) {
  test(`bitAccess() reads and writes ${name} at every bit and width`, () => {
    const extend = signed ? BigInt.asIntN : BigInt.asUintN;
    for (let shift = 0; shift < 8; shift++) {
      for (let width = 1; width <= 64; width++) {
        const access = bitAccess(codec as Codec<bigint>, shift, width);
        // No byte behind the last one that holds a bit of it.
        const span = Math.ceil((shift + width) / 8);
        const view = new DataView(Uint8Array.from(bytesOf(PATTERN, span)).buffer);
        assert.equal(access.read(view, 0), extend(width, PATTERN >> BigInt(shift)));

        const value = extend(width, 0x5a5a5a5a5a5a5a5an);
        access.write(view, 0, value);
        assert.equal(access.read(view, 0), value);
        const mask = (1n << BigInt(width)) - 1n << BigInt(shift);
        const kept = PATTERN & ~mask | BigInt.asUintN(width, value) << BigInt(shift);
        assert.deepEqual([...new Uint8Array(view.buffer)], bytesOf(kept, span));
      }
    }
  });
}

test("bitAccess() reads narrow types as numbers", () => {
  const view = new DataView(Uint8Array.of(0b1011_0110, 0b1100_0001, 0xff, 0xff, 0xff).buffer);
  assert.equal(bitAccess(i8, 1, 3).read(view, 0), 3);
  assert.equal(bitAccess(i8, 4, 4).read(view, 0), -5);
  assert.equal(bitAccess(u16, 6, 5).read(view, 0), 0b00110);
  assert.equal(bitAccess(u32, 7, 32).read(view, 0), 0xffffff83);
});
