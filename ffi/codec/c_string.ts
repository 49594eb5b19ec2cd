/**
 * NUL-terminated text, read through a cache.
 *
 * Event streams repeat the same few names, and making a JavaScript string costs five times as much
 * as recognizing bytes seen before. The cache is one table with a fixed number of slots: the bytes'
 * hash chooses the slot, and the slot's own copy of the bytes decides.
 *
 * @module
 */

import { LITTLE_ENDIAN } from "./endian.ts";
import { decodeText } from "./text.ts";

const SLOT_BITS = 12;
const SLOT_WORDS = 64;
const SLOT_BYTES = SLOT_WORDS * 4;

// An unused slot is a valid entry for the empty text.
const texts: string[] = new Array(1 << SLOT_BITS).fill("");
const lengths = new Int32Array(1 << SLOT_BITS);
// A megabyte of address space; a page of it becomes memory once a slot in it is used.
const copies = new Int32Array(SLOT_WORDS << SLOT_BITS);
const copiesView = new DataView(copies.buffer);

/**
 * Decodes the bytes from `offset` up to the first NUL, or up to `end` if there is none.
 *
 * Bytes behind the NUL are ignored. Decodes as `decodeText()` does, with texts of at most 256 bytes
 * remembered.
 *
 * @throws RangeError if `offset` to `end` is not inside the view.
 */
export function decodeCString(view: DataView, offset: number, end: number): string {
  if (offset < 0 || offset > end || end > view.byteLength) {
    throw new RangeError(
      `Cannot read text from ${offset} to ${end}: the view has ${view.byteLength} bytes`,
    );
  }
  let hash = 0;
  let at = offset;
  let tail = 0;
  let tailBytes = 0;
  for (;; at += 4) {
    if (at + 4 > end) {
      // Fewer than four bytes are left, and the next one may belong to nobody.
      for (; at + tailBytes < end; tailBytes++) {
        const byte = view.getUint8(at + tailBytes);
        if (byte === 0) break;
        tail |= byte << 8 * tailBytes;
      }
      break;
    }
    const word = view.getInt32(at, LITTLE_ENDIAN);
    // Marks the top bit of the lowest zero byte (and perhaps of bytes above it).
    const zeros = (word - 0x01010101) & ~word & 0x80808080;
    if (zeros !== 0) {
      tailBytes = (31 - Math.clz32(zeros & -zeros)) >> 3;
      tail = word & ((1 << 8 * tailBytes) - 1);
      break;
    }
    hash = Math.imul((hash << 5 | hash >>> 27) ^ word, 0x9e3779b1);
  }
  const length = at - offset + tailBytes;
  if (length > SLOT_BYTES) return decodeText(view, offset, length);
  hash = Math.imul((hash << 5 | hash >>> 27) ^ tail, 0x9e3779b1);

  const slot = hash >>> (32 - SLOT_BITS);
  let word = slot * SLOT_WORDS;
  if (lengths[slot] === length) {
    let same = offset;
    while (same < at && copies[word] === view.getInt32(same, LITTLE_ENDIAN)) {
      same += 4;
      word++;
    }
    if (same === at && (tailBytes === 0 || copies[word] === tail)) return texts[slot]!;
  }
  return remember(slot, view, offset, length, tail);
}

function remember(
  slot: number,
  view: DataView,
  offset: number,
  length: number,
  tail: number,
): string {
  const first = slot * SLOT_WORDS;
  const words = length >> 2;
  for (let i = 0; i < words; i++) {
    copies[first + i] = view.getInt32(offset + 4 * i, LITTLE_ENDIAN);
  }
  if (words * 4 < length) copies[first + words] = tail;
  // Decoded from the copy: memory shared with the kernel may change between two looks, and a slot
  // whose text is not that of its bytes would lie from then on.
  const text = decodeText(copiesView, first * 4, length);
  lengths[slot] = length;
  texts[slot] = text;
  return text;
}
