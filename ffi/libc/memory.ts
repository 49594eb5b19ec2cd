/**
 * Memory that C sees: allocation, C strings, and the rule that keeps it alive.
 *
 * A buffer passed as an argument is safe for that call only. Memory whose address is stored
 * somewhere (a struct field, a `char **`) must be held by whoever owns the native handle: neither
 * runtime keeps a buffer alive for the sake of its address.
 *
 * @module
 */

import { runtime } from "../runtime/runtime.ts";
import { decodeText, encodeText } from "../codec/mod.ts";

/**
 * Zeroed memory whose address stays put.
 *
 * Never `new Uint8Array(n)` for this: Bun keeps small typed arrays inside the JavaScript object
 * and moves them when somebody touches `.buffer`.
 */
export function alloc(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(bytes));
}

/** Copies bytes to memory whose address stays put. */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = alloc(bytes.length);
  copy.set(bytes);
  return copy;
}

/**
 * A NUL-terminated copy of `text`.
 *
 * @throws {TypeError} when the text holds a NUL, which C would take for its end.
 */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw new TypeError("Cannot pass a string with a NUL byte to C");
  const bytes = encodeText(text);
  const copy = alloc(bytes.length + 1);
  copy.set(bytes);
  return copy;
}

/** The text of a buffer up to its first NUL, or all of it. */
export function bufferText(buffer: Uint8Array<ArrayBuffer>): string {
  const nul = buffer.indexOf(0);
  const length = nul < 0 ? buffer.length : nul;
  return decodeText(new DataView(buffer.buffer, buffer.byteOffset, buffer.length), 0, length);
}

/**
 * Reads the C string at `address`; NULL reads as "".
 *
 * It looks at one page at a time, so that it never touches memory behind the string's own page.
 */
export function textAt(address: bigint): string {
  if (address === 0n) return "";
  const pieces: number[] = [];
  for (let at = address;;) {
    const page = new Uint8Array(runtime.view(at, 4096 - Number(at & 4095n)));
    const nul = page.indexOf(0);
    if (nul >= 0 && pieces.length === 0) return bufferText(page.subarray(0, nul));
    pieces.push(...page.subarray(0, nul < 0 ? page.length : nul));
    if (nul >= 0) return bufferText(copyOf(Uint8Array.from(pieces)));
    at += BigInt(page.length);
  }
}

/** An out-parameter for one pointer or 64-bit integer. */
export function outWord(): BigUint64Array<ArrayBuffer> {
  return new BigUint64Array(new ArrayBuffer(8));
}
