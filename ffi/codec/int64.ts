/**
 * 64-bit integers and pointers: exact as bigints, fast as numbers.
 *
 * @module
 */

import type { Codec, CType } from "./codec.ts";
import { LITTLE_ENDIAN } from "./endian.ts";
import { withCode } from "./read_code.ts";
import { checkBigint, checkInteger } from "./validate.ts";

const TWO_32 = 4294967296;

/** A 64-bit integer codec: bigints, and plain numbers through `asNumber`. */
export interface Int64Codec extends Codec<bigint> {
  /**
   * The same eight bytes as a number.
   *
   * Reading is exact from -(2^53-1) to 2^53-1 and rounds to the nearest number outside. Writing
   * refuses what is not a safe integer.
   */
  readonly asNumber: Codec<number>;
}

interface Int64Parts {
  readonly type: CType;
  readonly min: bigint;
  readonly max: bigint;
  readonly read: (view: DataView, offset: number) => bigint;
  readonly set: (view: DataView, offset: number, value: bigint) => void;
}

function bigintCodec({ type, min, max, read, set }: Int64Parts): Codec<bigint> {
  const name = "name" in type ? type.name : "";
  return {
    size: 8,
    align: 8,
    type,
    read,
    write(view: DataView, offset: number, value: bigint) {
      checkBigint(value, name, min, max);
      set(view, offset, value);
    },
  };
}

function numberCodec(
  name: string,
  signed: boolean,
  type: CType,
  read: (view: DataView, offset: number) => number,
): Codec<number> {
  const min = signed ? Number.MIN_SAFE_INTEGER : 0;
  return withCode(
    Object.freeze({
      size: 8,
      align: 8,
      type,
      read,
      write(view: DataView, offset: number, value: number) {
        checkInteger(value, name, min, Number.MAX_SAFE_INTEGER);
        const high = Math.floor(value / TWO_32);
        view.setUint32(offset, value - high * TWO_32, LITTLE_ENDIAN);
        view.setInt32(offset + 4, high, LITTLE_ENDIAN);
      },
    }),
    // A call, not the expression of `read`: for that, V8's compiler Maglev (Deno 2.9) makes code
    // that expects a number with a fraction or beyond 2^30, and deoptimizes it at each number that
    // is neither, thousands of times.
    (at, bind) => `${bind(read)}(view, ${at})`,
  );
}

const u64Type = Object.freeze({
  kind: "int" as const,
  bytes: 8 as const,
  signed: false,
  name: "__u64",
});

const i64Type = Object.freeze({
  kind: "int" as const,
  bytes: 8 as const,
  signed: true,
  name: "__s64",
});

/** `__u64` as a bigint; `u64.asNumber` reads counters and times as plain numbers. */
export const u64: Int64Codec = Object.freeze({
  ...bigintCodec({
    type: u64Type,
    min: 0n,
    max: 2n ** 64n - 1n,
    read: (view, offset) => view.getBigUint64(offset, LITTLE_ENDIAN),
    set: (view, offset, value) => view.setBigUint64(offset, value, LITTLE_ENDIAN),
  }),
  // Twice as fast as Number(getBigUint64()), and as exact: the sum rounds once.
  asNumber: numberCodec(
    "__u64",
    false,
    u64Type,
    (view, offset) =>
      view.getUint32(offset, LITTLE_ENDIAN) + view.getUint32(offset + 4, LITTLE_ENDIAN) * TWO_32,
  ),
});

/** `__s64` as a bigint; `i64.asNumber` reads it as a plain number. */
export const i64: Int64Codec = Object.freeze({
  ...bigintCodec({
    type: i64Type,
    min: -(2n ** 63n),
    max: 2n ** 63n - 1n,
    read: (view, offset) => view.getBigInt64(offset, LITTLE_ENDIAN),
    set: (view, offset, value) => view.setBigInt64(offset, value, LITTLE_ENDIAN),
  }),
  asNumber: numberCodec(
    "__s64",
    true,
    i64Type,
    (view, offset) =>
      view.getUint32(offset, LITTLE_ENDIAN) + view.getInt32(offset + 4, LITTLE_ENDIAN) * TWO_32,
  ),
});

/** `void *`: the address as a bigint, 8 bytes. */
export const pointer: Codec<bigint> = Object.freeze(bigintCodec({
  type: Object.freeze({ kind: "pointer", name: "void *" }),
  min: 0n,
  max: 2n ** 64n - 1n,
  read: (view, offset) => view.getBigUint64(offset, LITTLE_ENDIAN),
  set: (view, offset, value) => view.setBigUint64(offset, value, LITTLE_ENDIAN),
}));
