/**
 * Text up to the end of a record: a `char[]` that may hold several strings.
 *
 * @module
 */

import { charsRest } from "./chars.ts";
import type { Codec } from "./codec.ts";
import { decodeCString } from "./c_string.ts";
import { decodeText, encodeText } from "./text.ts";

/**
 * `char[]`, only as the last member of a struct: all text up to the end of the value, NULs
 * included, so that `split("\0")` takes strings apart that were sent behind one another.
 *
 * Writing puts the text behind the struct, without a NUL after it.
 */
export function textRest(): Codec<string> {
  return rest;
}

const rest: Codec<string> = Object.freeze({
  size: 0,
  align: 1,
  type: charsRest().type,
  read(view: DataView, offset: number, end: number = view.byteLength) {
    // Mostly there is one string, and the cache knows it; NUL bytes make it stop early.
    const first = decodeCString(view, offset, end);
    const isWhole = first.length === end - offset ||
      (first.length < end - offset && !hasNul(view, offset, end));
    return isWhole ? first : decodeText(view, offset, end - offset);
  },
  write(view: DataView, offset: number, value: string) {
    encodeText(value).forEach((byte, i) => view.setUint8(offset + i, byte));
  },
});

function hasNul(view: DataView, offset: number, end: number): boolean {
  return new Uint8Array(view.buffer, view.byteOffset + offset, end - offset).includes(0);
}
