/**
 * NUL-terminated text, read through a cache.
 *
 * Event streams repeat the same few names, and making a JavaScript string costs ten times as much as
 * recognizing bytes seen before. The bytes' hash chooses a set of slots, and the bytes kept for each
 * decide. Sets of four, because two names that share a slot push each other out from then on: of 500
 * names one in eight did with single slots, one in forty with pairs.
 *
 * @module
 */

import { LITTLE_ENDIAN } from "./endian.ts";
import { decodeText } from "./text.ts";

const SET_BITS = 10;
const WAYS = 4;
const SLOTS = WAYS << SET_BITS;
const LONGEST = 256;
/** Room for the bytes, in words; when it is used up the cache starts anew. */
const ROOM = 1 << 18;

/** Of each slot the hash, 0 in unused ones, and the word in `kept` at which its bytes begin. */
const hashes = new Int32Array(SLOTS);
const starts = new Int32Array(SLOTS);
const texts: string[] = new Array(SLOTS).fill("");
/** Whole words, then one with the bytes that are left, of which the last is 0 as in no other. */
const kept = new Int32Array(ROOM);
const keptView = new DataView(kept.buffer);
let used = 0;
let misses = 0;

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
  // Written out where functions would do: V8 puts those in place up to a limit, which a struct with
  // two texts goes beyond. `zeros` marks the top bit of the lowest zero byte, and perhaps of others
  // above it. There are two hashes, because the next step of one has to wait for the last.
  let even = 0;
  let odd = 0;
  let at = offset;
  let word = 0;
  let zeros = 0;
  for (; at + 8 <= end; at += 4) {
    word = view.getInt32(at, LITTLE_ENDIAN);
    zeros = (word - 0x01010101) & ~word & 0x80808080;
    if (zeros !== 0) break;
    even = Math.imul((even << 5 | even >>> 27) ^ word, 0x9e3779b1);
    at += 4;
    word = view.getInt32(at, LITTLE_ENDIAN);
    zeros = (word - 0x01010101) & ~word & 0x80808080;
    if (zeros !== 0) break;
    odd = Math.imul((odd << 5 | odd >>> 27) ^ word, 0x85ebca6b);
  }
  if (zeros === 0 && at + 4 <= end) {
    word = view.getInt32(at, LITTLE_ENDIAN);
    zeros = (word - 0x01010101) & ~word & 0x80808080;
    if (zeros === 0) {
      even = Math.imul((even << 5 | even >>> 27) ^ word, 0x9e3779b1);
      at += 4;
    }
  }
  let tail = 0;
  let tailBytes = 0;
  if (zeros !== 0) {
    tailBytes = (31 - Math.clz32(zeros & -zeros)) >> 3;
    tail = word & ((1 << 8 * tailBytes) - 1);
  } else {
    // Fewer than four bytes are left, and the next one may belong to nobody.
    for (; at + tailBytes < end; tailBytes++) {
      const byte = view.getUint8(at + tailBytes);
      if (byte === 0) break;
      tail |= byte << 8 * tailBytes;
    }
  }
  const length = at - offset + tailBytes;
  if (length > LONGEST) return decodeText(view, offset, length);
  // Upper bits of a product depend on all bits of its factors, lower ones do not: names that count up
  // differ in few bits, which must not meet again.
  const mixed = Math.imul((even << 5 | even >>> 27) ^ odd, 0x9e3779b1);
  const hash = Math.imul(mixed ^ mixed >>> 15 ^ tail, 0x85ebca6b) || 1;
  const first = (hash >>> (32 - SET_BITS)) * WAYS;
  for (let slot = first; slot < first + WAYS; slot++) {
    if (hashes[slot] !== hash) continue;
    let word = starts[slot]!;
    let same = offset;
    while (same < at && kept[word] === view.getInt32(same, LITTLE_ENDIAN)) {
      same += 4;
      word++;
    }
    if (same === at && kept[word] === tail) return texts[slot]!;
  }
  return remember(hash, first, view, offset, length, tail);
}

function remember(
  hash: number,
  first: number,
  view: DataView,
  offset: number,
  length: number,
  tail: number,
): string {
  const words = length >> 2;
  if (used + words + 1 > ROOM) {
    hashes.fill(0);
    texts.fill("");
    used = 0;
  }
  const start = used;
  for (let i = 0; i < words; i++) {
    kept[start + i] = view.getInt32(offset + 4 * i, LITTLE_ENDIAN);
  }
  kept[start + words] = tail;
  used += words + 1;
  // Decoded from the copy: memory shared with the kernel may change between two looks, and a slot
  // whose text is not that of its bytes would lie from then on.
  const text = decodeText(keptView, start * 4, length);
  const free = hashes.indexOf(0, first);
  const slot = free >= 0 && free < first + WAYS ? free : first + misses++ % WAYS;
  hashes[slot] = hash;
  starts[slot] = start;
  texts[slot] = text;
  return text;
}
