/**
 * Damaging inputs.
 *
 * @module
 */

import { oneOf, type Random } from "./random.ts";
import type { Sample } from "./target.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const MAX_BYTES = 2 ** 17;
const MAX_TEXT = 2 ** 15;

/** Boundary values of sizes, counts and offsets. */
const NUMBERS = [
  ...[0, 1, 2, 3, 4, 7, 8, 12, 15, 16, 24, 63, 64, 127, 128, 255, 256, 4095, 4096, 0x7fff, 0x8000],
  ...[0xfffe, 0xffff, 0x10000, 0x7ffffff0, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001],
  ...[0xfffffff0, 0xfffffff3, 0xfffffffe, 0xffffffff],
];
const LARGE = [
  ...[2n ** 32n, 2n ** 32n + 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n],
  ...[2n ** 64n - 1n, 2n ** 64n - 8n, 2n ** 64n - 4096n],
];

/** Returns a copy of a sample with one or more mutations. */
export function mutateBytes(samples: readonly Sample<Bytes>[], random: Random): Bytes {
  const { value, hot } = oneOf(random, samples);
  let bytes: Bytes = new Uint8Array(value); // slice() of a Buffer is no copy
  for (let left = 1 + random(random(4) === 0 ? 12 : 3); left > 0; left--) {
    const [start, end] = hot && random(8) > 0 ? oneOf(random, hot) : [0, bytes.length];
    const room = Math.min(end, bytes.length) - start;
    const at = room > 0 ? start + random(room) : random(bytes.length + 1);
    bytes = damage(bytes, at, random, samples).slice(0, MAX_BYTES);
  }
  return bytes;
}

function damage(bytes: Bytes, at: number, random: Random, samples: readonly Sample<Bytes>[]) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // Numbers are aligned in most formats.
  const word = (size: number) => Math.max(0, Math.min(at - at % size, bytes.length - size));
  const few = Math.min(1 + random(random(4) === 0 ? 64 : 8), bytes.length - at);
  switch (random(12)) {
    case 0:
      if (at < bytes.length) bytes[at] = bytes[at]! ^ 1 << random(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random(256);
      return bytes;
    case 2:
    case 3:
      if (bytes.length >= 4) view.setUint32(word(4), oneOf(random, NUMBERS), true);
      return bytes;
    case 4:
      if (bytes.length >= 2) view.setUint16(word(2), oneOf(random, NUMBERS), random(4) > 0);
      return bytes;
    case 5:
      if (bytes.length >= 8) {
        const small = BigInt(oneOf(random, NUMBERS));
        view.setBigUint64(word(8), random(2) === 0 ? small : oneOf(random, LARGE), true);
      }
      return bytes;
    case 6:
      // A value near the old one, such as a size that is one too large.
      if (bytes.length >= 4) {
        view.setUint32(word(4), view.getUint32(word(4), true) + random(17) - 8, true);
      }
      return bytes;
    case 7:
      return random(3) === 0 ? bytes.slice(0, at) : without(bytes, at, few);
    case 8:
      return withBytes(bytes, at, bytes.slice(at, at + few));
    case 9:
      return withBytes(bytes, at, Uint8Array.from({ length: few }, () => random(256)));
    case 10: {
      const other = oneOf(random, samples).value;
      const from = random(other.length + 1);
      bytes.set(other.subarray(from, from + few).subarray(0, bytes.length - at), at);
      return bytes;
    }
    default:
      return bytes.fill(oneOf(random, [0, 0xff, 0x7f, 0x80, 0x41]), at, at + few);
  }
}

function without(bytes: Bytes, at: number, count: number): Bytes {
  return concat(bytes.subarray(0, at), bytes.subarray(at + count));
}

function withBytes(bytes: Bytes, at: number, added: Uint8Array): Bytes {
  return concat(bytes.subarray(0, at), added, bytes.subarray(at));
}

function concat(...parts: readonly Uint8Array[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Characters with a meaning in formats or for terminals. */
const CHARACTERS = [
  ...["\0", "\t", "\n", "\r", "\x1b", " ", '"', "'", "\\", "(", ")", "[", "]", "{", "}", "<", ">"],
  ...[
    "$",
    "@",
    "%",
    "&",
    "*",
    "+",
    ",",
    "-",
    ".",
    "/",
    "0",
    "1",
    "9",
    ":",
    ";",
    "=",
    "?",
    "_",
    "`",
  ],
  ...[
    "~",
    "^",
    "|",
    "!",
    "#",
    "A",
    "E",
    "I",
    "N",
    "S",
    "T",
    "Z",
    "a",
    "f",
    "x",
    "z",
    "\x7f",
    "\x85",
  ],
  ...["é", "\u2028", "\u202e", "\ufeff", "\ufffe", "\ud800", "\udc80", "\udfff", "😀"],
];

/** Returns a sample text with one or more mutations. */
export function mutateText(
  samples: readonly Sample<string>[],
  words: readonly string[],
  random: Random,
): string {
  let text = oneOf(random, samples).value;
  for (let left = 1 + random(random(4) === 0 ? 16 : 4); left > 0; left--) {
    const at = random(text.length + 1);
    const few = 1 + random(random(4) === 0 ? 64 : 8);
    const [before, behind] = [text.slice(0, at), text.slice(at)];
    switch (random(8)) {
      case 0:
        text = before + behind.slice(few);
        break;
      case 1:
        text = before + oneOf(random, CHARACTERS) + behind;
        break;
      case 2:
        text = before + oneOf(random, CHARACTERS) + behind.slice(1);
        break;
      case 3:
        text = before + oneOf(random, words) + behind;
        break;
      case 4: {
        // Many repetitions reveal quadratic time and deep recursion.
        const part = random(2) === 0 ? oneOf(random, words) : behind.slice(0, few);
        text = before + part.repeat(oneOf(random, [2, 3, 10, 100, 2000])) + behind;
        break;
      }
      case 5: {
        const other = oneOf(random, samples).value;
        text = before + other.slice(random(other.length + 1));
        break;
      }
      case 6:
        text = before + String(oneOf<number | bigint>(random, [...NUMBERS, ...LARGE])) + behind;
        break;
      default:
        text = random(4) === 0 ? before : before + behind.slice(0, few) + behind;
    }
    text = text.slice(0, MAX_TEXT);
  }
  return text;
}
