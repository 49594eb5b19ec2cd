/**
 * Offsets of all types in a BTF blob, for look-up by type id.
 *
 * It looks at every type, of which the kernel has more than 100,000, when a tool starts: before the
 * engines have compiled it. They read words of a typed array at once, and a DataView by a call.
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
  /** The ids of structs, unions, enums, typedefs and sections: what is looked for by name. */
  readonly findable: Int32Array;
}

/** Goes through the section of types. */
export function indexTypes(section: Uint8Array): BtfIndex {
  const words = wordsOf(section);
  const starts = new Int32Array(1 + Math.floor(section.length / TYPE_SIZE));
  const ids = new Int32Array(starts.length);
  const [fixed, part, isFindable] = [FIXED_WORDS, PART_WORDS, FINDABLE];
  let count = 1;
  let found = 0;
  // A type that is cut is none.
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
