/**
 * Text in C: `char[n]` and `char[]`.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { decodeCString } from "./c_string.ts";
import { checkLength } from "./array.ts";
import { withCode } from "./read_code.ts";
import { outOfRange, wrongType } from "./validate.ts";
import { char } from "./scalars.ts";
import { encodeText } from "./text.ts";

/**
 * `char[n]`: text up to the first NUL, or all `n` bytes if there is none.
 *
 * Bytes that are not UTF-8 survive as lone surrogates, see `decodeText()`. Writing pads with zeros.
 * Text of exactly `n` bytes is written without a NUL, as C's `char c[2] = "ab"` does; longer text
 * and text with a NUL inside is a RangeError.
 */
export function chars(n: number): Codec<string> {
  checkLength(n, "char");
  const name = `char[${n}]`;
  return withCode(
    Object.freeze({
      size: n,
      align: 1,
      type: Object.freeze({ kind: "array" as const, element: char.type, length: n }),
      read(view: DataView, offset: number) {
        return decodeCString(view, offset, offset + n);
      },
      write(view: DataView, offset: number, value: string) {
        const bytes = encodeCString(value, name);
        if (bytes.length > n) throw outOfRange(value, name, `at most ${n} bytes of UTF-8`);
        for (let i = 0; i < n; i++) view.setUint8(offset + i, bytes[i] ?? 0);
      },
    }),
    (at, bind) => `${bind(decodeCString)}(view, ${at}, ${at} + ${n})`,
  );
}

/**
 * `char[]`, only as the last member of a struct: text up to the first NUL or the end of the value.
 *
 * Writing puts the text behind the struct, with a NUL after it where the view has room for one.
 */
export function charsRest(): Codec<string> {
  return rest;
}

const rest: Codec<string> = Object.freeze({
  size: 0,
  align: 1,
  type: Object.freeze({ kind: "array" as const, element: char.type, length: 0 }),
  read(view: DataView, offset: number, end: number = view.byteLength) {
    return decodeCString(view, offset, end);
  },
  write(view: DataView, offset: number, value: string) {
    const bytes = encodeCString(value, "char[]");
    bytes.forEach((byte, i) => view.setUint8(offset + i, byte));
    if (offset + bytes.length < view.byteLength) view.setUint8(offset + bytes.length, 0);
  },
});

function encodeCString(value: string, target: string): Uint8Array {
  if (typeof value !== "string") throw wrongType(value, target, "a string");
  if (value.includes("\0")) throw outOfRange(value, target, "text without a NUL");
  return encodeText(value);
}
