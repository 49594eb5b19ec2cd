/**
 * Offsets of all types in a BTF blob, for look-up by type id.
 *
 * It visits every type, more than 100,000 in the kernel's BTF, while a tool starts and JITs have
 * not compiled the loop yet. Interpreters read typed array elements without a call, a DataView only
 * by one; hence words.
 *
 * @module
 */

import { FINDABLE, FIXED_WORDS, PART_WORDS, TYPE_SIZE } from "./btf_format.ts";

/** The types of a blob, by their place. */
export interface BtfIndex {
  /** The types as words. */
  readonly words: Int32Array;
  /** At which word each type begins, by its id. */
  readonly starts: Int32Array;
  /** How many types there are, void among them. */
  readonly count: number;
  /**
   * The ids of named structs, unions, enums, typedefs and sections, which look-ups by name go
   * through.
   */
  readonly findable: Int32Array;
}

/** Walks the type section. */
export function indexTypes(section: Uint8Array): BtfIndex {
  const words = wordsOf(section);
  const starts = new Int32Array(1 + Math.floor(section.length / TYPE_SIZE));
  const ids = new Int32Array(starts.length);
  const [fixed, part, isFindable] = [FIXED_WORDS, PART_WORDS, FINDABLE];
  let count = 1;
  let found = 0;
  // A truncated type ends the walk.
  for (let at = 0; at + TYPE_SIZE / 4 <= words.length; count++) {
    starts[count] = at;
    const info = words[at + 1]!;
    const kind = info >>> 24 & 31;
    if (isFindable[kind] === 1) ids[found++] = count;
    at += fixed[kind]! + part[kind]! * (info & 0xffff);
  }
  return { words, starts, count, findable: ids.slice(0, found) };
}

function wordsOf(bytes: Uint8Array): Int32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
}
