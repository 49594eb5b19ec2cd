/**
 * Raw memory in C: `__u8[n]` and `__u8[]`.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { checkLength } from "./array.ts";
import { wrongType } from "./validate.ts";
import { u8 } from "./scalars.ts";

/** `__u8[n]` as a fresh `Uint8Array`, a copy; writing takes exactly `n` bytes. */
export function bytes(n: number): Codec<Uint8Array<ArrayBuffer>> {
  checkLength(n, "__u8");
  const name = `__u8[${n}]`;
  return Object.freeze({
    size: n,
    align: 1,
    type: Object.freeze({ kind: "array" as const, element: u8.type, length: n }),
    read(view: DataView, offset: number) {
      return copyOut(view, offset, n);
    },
    write(view: DataView, offset: number, value: Uint8Array) {
      if (!(value instanceof Uint8Array)) throw wrongType(value, name, "a Uint8Array");
      if (value.length !== n) {
        throw new RangeError(`Cannot write ${value.length} bytes to ${name}: expected ${n}`);
      }
      copyIn(view, offset, value);
    },
  });
}

/**
 * `__u8[]`, only as the last member of a struct: a copy of all bytes up to the end of the value.
 *
 * Writing puts the bytes behind the struct.
 */
export function bytesRest(): Codec<Uint8Array<ArrayBuffer>> {
  return rest;
}

const rest: Codec<Uint8Array<ArrayBuffer>> = Object.freeze({
  size: 0,
  align: 1,
  type: Object.freeze({ kind: "array" as const, element: u8.type, length: 0 }),
  read(view: DataView, offset: number, end: number = view.byteLength) {
    return copyOut(view, offset, end - offset);
  },
  write(view: DataView, offset: number, value: Uint8Array) {
    if (!(value instanceof Uint8Array)) throw wrongType(value, "__u8[]", "a Uint8Array");
    copyIn(view, offset, value);
  },
});

function copyOut(view: DataView, offset: number, length: number): Uint8Array<ArrayBuffer> {
  // The buffer may be larger than the view, so its own bounds would let too much through.
  if (length < 0 || offset < 0 || offset + length > view.byteLength) {
    throw new RangeError(
      `Cannot read ${length} bytes at offset ${offset}: the view has ${view.byteLength} bytes`,
    );
  }
  const copy = new Uint8Array(length);
  copy.set(new Uint8Array(view.buffer, view.byteOffset + offset, length));
  return copy;
}

function copyIn(view: DataView, offset: number, value: Uint8Array): void {
  value.forEach((byte, i) => view.setUint8(offset + i, byte));
}
