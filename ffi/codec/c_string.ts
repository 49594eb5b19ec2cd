/**
 * NUL-terminated text, read through a cache.
 *
 * Event streams repeat the same few names, and making a JavaScript string costs ten times as much
 * as recognizing bytes seen before. The cache is set-associative: the hash of the bytes chooses a
 * set of four slots, and a slot matches if the bytes kept for it are the same. In smaller sets more
 * names evict each other again and again: of 500 names one in eight with single slots, one in forty
 * with pairs.
 *
 * @module
 */

import { LITTLE_ENDIAN } from "./endian.ts";
import { decodeText } from "./text.ts";

const SET_BITS = 10;
const WAYS = 4;
const SLOTS = WAYS << SET_BITS;
const LONGEST = 256;
/** Capacity for the bytes, in words; when it is used up the cache is cleared. */
const ROOM = 1 << 18;

/**
 * For each slot the hash of its bytes, 0 if it is unused, and the index of their first word in
 * `kept`.
 */
const hashes = new Int32Array(SLOTS);
const starts = new Int32Array(SLOTS);
const texts: string[] = new Array(SLOTS).fill("");
/**
 * The bytes of each text: whole words, then one word with the bytes that are left. The last byte of
 * that word is 0, as in no other, since a text has no NUL.
 */
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
  // Written out instead of calling functions: V8 inlines calls up to a limit, which a struct with
  // two texts exceeds. In `zeros` the top bit of the lowest zero byte is set, and perhaps that of
  // others above it. There are two hashes, because each step of a hash has to wait for its last
  // one.
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
    // Fewer than four bytes are left, and the ones after them may be outside the view.
    for (; at + tailBytes < end; tailBytes++) {
      const byte = view.getUint8(at + tailBytes);
      if (byte === 0) break;
      tail |= byte << 8 * tailBytes;
    }
  }
  const length = at - offset + tailBytes;
  if (length > LONGEST) return decodeText(view, offset, length);
  // The upper bits of a product depend on all bits of its factors, the lower ones do not. Names
  // that end in a counter differ in few bits, and must not collide.
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
  // Decoded from the copy: memory shared with the kernel may change between two reads, and then the
  // slot would have the wrong text for its bytes.
  const text = decodeText(keptView, start * 4, length);
  const free = hashes.indexOf(0, first);
  const slot = free >= 0 && free < first + WAYS ? free : first + misses++ % WAYS;
  hashes[slot] = hash;
  starts[slot] = start;
  texts[slot] = text;
  return text;
}
