/**
 * C's integers of up to 32 bits, `bool`, `float` and `double`.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { LITTLE_ENDIAN } from "./endian.ts";
import { withCode } from "./read_code.ts";
import { checkInteger, wrongType } from "./validate.ts";

type Read<T> = (view: DataView, offset: number) => T;
type Write<T> = (view: DataView, offset: number, value: T) => void;

function integer(
  name: string,
  bytes: 1 | 2 | 4,
  signed: boolean,
  read: Read<number>,
  set: Write<number>,
): Codec<number> {
  const max = 2 ** (8 * bytes - (signed ? 1 : 0)) - 1;
  const min = signed ? -max - 1 : 0;
  const getter = `get${signed ? "Int" : "Uint"}${bytes * 8}`;
  return withCode(
    Object.freeze({
      size: bytes,
      align: bytes,
      type: Object.freeze({ kind: "int" as const, bytes, signed, name }),
      read,
      write(view: DataView, offset: number, value: number) {
        checkInteger(value, name, min, max);
        set(view, offset, value);
      },
    }),
    (at) => `view.${getter}(${at}, ${LITTLE_ENDIAN})`,
  );
}

function float(name: string, bytes: 4 | 8, read: Read<number>, set: Write<number>): Codec<number> {
  return Object.freeze({
    size: bytes,
    align: bytes,
    type: Object.freeze({ kind: "float" as const, bytes, name }),
    read,
    write(view: DataView, offset: number, value: number) {
      if (typeof value !== "number") throw wrongType(value, name, "a number");
      set(view, offset, value);
    },
  });
}

/** `__u8`: 0 to 255; writing anything else is a TypeError or a RangeError. */
export const u8: Codec<number> = integer(
  "__u8",
  1,
  false,
  (view, offset) => view.getUint8(offset),
  (view, offset, value) => view.setUint8(offset, value),
);

/** `__u16`: 0 to 65535; writing anything else is a TypeError or a RangeError. */
export const u16: Codec<number> = integer(
  "__u16",
  2,
  false,
  (view, offset) => view.getUint16(offset, LITTLE_ENDIAN),
  (view, offset, value) => view.setUint16(offset, value, LITTLE_ENDIAN),
);

/** `__u32`: 0 to 2^32-1; writing anything else is a TypeError or a RangeError. */
export const u32: Codec<number> = integer(
  "__u32",
  4,
  false,
  (view, offset) => view.getUint32(offset, LITTLE_ENDIAN),
  (view, offset, value) => view.setUint32(offset, value, LITTLE_ENDIAN),
);

/** `__s8`: -128 to 127; writing anything else is a TypeError or a RangeError. */
export const i8: Codec<number> = integer(
  "__s8",
  1,
  true,
  (view, offset) => view.getInt8(offset),
  (view, offset, value) => view.setInt8(offset, value),
);

/** `__s16`: -32768 to 32767; writing anything else is a TypeError or a RangeError. */
export const i16: Codec<number> = integer(
  "__s16",
  2,
  true,
  (view, offset) => view.getInt16(offset, LITTLE_ENDIAN),
  (view, offset, value) => view.setInt16(offset, value, LITTLE_ENDIAN),
);

/** `__s32`: -2^31 to 2^31-1; writing anything else is a TypeError or a RangeError. */
export const i32: Codec<number> = integer(
  "__s32",
  4,
  true,
  (view, offset) => view.getInt32(offset, LITTLE_ENDIAN),
  (view, offset, value) => view.setInt32(offset, value, LITTLE_ENDIAN),
);

/** `char` as a number, -128 to 127: signed, as it is for x86-64 and for BPF. Text is `chars(n)`. */
export const char: Codec<number> = integer(
  "char",
  1,
  true,
  (view, offset) => view.getInt8(offset),
  (view, offset, value) => view.setInt8(offset, value),
);

/** `float`; writing rounds to the nearest one, and a number too large for it becomes infinite. */
export const f32: Codec<number> = float(
  "float",
  4,
  (view, offset) => view.getFloat32(offset, LITTLE_ENDIAN),
  (view, offset, value) => view.setFloat32(offset, value, LITTLE_ENDIAN),
);

/** `double`: every JavaScript number. */
export const f64: Codec<number> = float(
  "double",
  8,
  (view, offset) => view.getFloat64(offset, LITTLE_ENDIAN),
  (view, offset, value) => view.setFloat64(offset, value, LITTLE_ENDIAN),
);

/** `_Bool`, one byte: any byte but 0 reads as true; writing takes only true and false. */
export const bool: Codec<boolean> = Object.freeze({
  size: 1,
  align: 1,
  type: Object.freeze({ kind: "int" as const, bytes: 1 as const, signed: false, name: "_Bool" }),
  read(view: DataView, offset: number) {
    return view.getUint8(offset) !== 0;
  },
  write(view: DataView, offset: number, value: boolean) {
    if (typeof value !== "boolean") throw wrongType(value, "_Bool", "true or false");
    view.setUint8(offset, value ? 1 : 0);
  },
});
