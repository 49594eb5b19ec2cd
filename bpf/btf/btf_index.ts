/**
 * Offsets of the types in a BTF blob, for look-up by type id.
 *
 * The kernel's BTF has more than 100,000 types, of which a tool wants a few that come early. Types
 * are visited in order, and only as far as needed: that happens while a tool starts, before JITs
 * have compiled the loop. Interpreters read an element of a typed array without a call, but a
 * DataView only by a call; hence 32-bit words.
 *
 * @module
 */

import { FINDABLE, FIXED_WORDS, PART_WORDS, TYPE_SIZE } from "./btf_format.ts";

/** How many types are visited at once. */
const STRIDE = 2048;

/** The offsets of a blob's types. */
export class BtfIndex {
  /** The types as words. */
  readonly words: Int32Array;
  /**
   * The word at which each visited type begins, by type id. A visit may replace this array and the
   * next: read them again after it.
   */
  starts: Int32Array = new Int32Array(2 * STRIDE);
  /**
   * The ids of named structs, unions, enums, typedefs and sections, which look-ups by name go
   * through: the first {@linkcode found} elements.
   */
  findable: Int32Array = new Int32Array(2 * STRIDE);
  found = 0;
  /** How many types have been visited, void among them. */
  visited = 1;
  /** The word behind the last visited type. */
  end = 0;

  constructor(section: Uint8Array) {
    this.words = wordsOf(section);
  }

  /** At which word a type begins; undefined when there is none of that id. */
  start(id: number): number | undefined {
    while (id >= this.visited) {
      if (!this.visitMore()) return undefined;
    }
    return id > 0 ? this.starts[id] : undefined;
  }

  /** Visits all types that have not been visited; false if there are none. */
  visitAll(): boolean {
    const { visited } = this;
    while (this.visitMore());
    return this.visited > visited;
  }

  /** Visits some more types; false at the end. A truncated type ends the walk. */
  visitMore(): boolean {
    if (this.visited + STRIDE > this.starts.length) {
      this.starts = twice(this.starts);
      this.findable = twice(this.findable);
    }
    const { words, starts, findable } = this;
    const [fixed, part, isFindable] = [FIXED_WORDS, PART_WORDS, FINDABLE];
    const last = words.length - TYPE_SIZE / 4;
    const until = this.visited + STRIDE;
    let { end: at, visited: id, found } = this;
    for (; at <= last && id < until; id++) {
      starts[id] = at;
      const info = words[at + 1]!;
      const kind = info >>> 24 & 31;
      if (isFindable[kind] === 1) findable[found++] = id;
      at += fixed[kind]! + part[kind]! * (info & 0xffff);
    }
    const hasMore = id > this.visited;
    this.end = at;
    this.visited = id;
    this.found = found;
    return hasMore;
  }
}

/**
 * A copy of twice the size. Room for all types from the start would cost more: memory that is never
 * used has to be zeroed, too.
 */
function twice(ids: Int32Array): Int32Array {
  const more = new Int32Array(2 * ids.length);
  more.set(ids);
  return more;
}

function wordsOf(bytes: Uint8Array): Int32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
}
