/**
 * Finds a few names among the strings of a BTF blob without decoding all of them.
 *
 * The kernel's BTF has more than 100,000 names, of which only a few are wanted: comparing the first
 * two bytes rejects nearly all of them without making a string.
 *
 * @module
 */

import { BtfKind, FIXED_WORDS, PART_WORDS } from "./btf_format.ts";
import type { BtfIndex } from "./btf_index.ts";

const NUL = 0;

/** A set of names to find in one string section. */
export class BtfNames {
  readonly #strings: Uint8Array;
  /** Lookup table by the first two bytes of a name: 1 if a wanted name begins with them. */
  readonly #prefixes = new Uint8Array(1 << 16);
  readonly #names = new Map<number, string[]>();
  readonly #size: number;

  /** Names are C identifiers: ASCII, one byte per character. */
  constructor(strings: Uint8Array, names: Iterable<string>) {
    this.#strings = strings;
    const wanted = new Set(names);
    this.#size = wanted.size;
    for (const name of wanted) {
      // A name of one letter is followed by its NUL.
      const prefix = name.charCodeAt(0) | (name.length > 1 ? name.charCodeAt(1) : NUL) << 8;
      this.#prefixes[prefix] = 1;
      const others = this.#names.get(prefix);
      if (others) others.push(name);
      else this.#names.set(prefix, [name]);
    }
  }

  /** Which of the names the string at this offset is; undefined if none. */
  at(offset: number): string | undefined {
    const strings = this.#strings;
    const prefix = strings[offset]! | strings[offset + 1]! << 8;
    if (this.#prefixes[prefix] === 0) return undefined;
    return this.#names.get(prefix)!.find((name) => this.#isAt(offset, name));
  }

  // The loops below test the lookup table inline: they run over all of the kernel's types before
  // JITs have compiled and inlined calls.

  /** The ids of the types of these kinds that have one of the names, in order, by name. */
  types(index: BtfIndex, kinds: readonly number[]): Map<string, number[]> {
    const [strings, prefixes] = [this.#strings, this.#prefixes];
    const found = new Map<string, number[]>();
    for (let i = 0; i < index.found || this.#goesOn(index, kinds, found);) {
      const { words, starts, findable } = index;
      for (const end = index.found; i < end; i++) {
        const id = findable[i]!;
        const at = starts[id]!;
        const offset = words[at]!;
        if (prefixes[strings[offset]! | strings[offset + 1]! << 8] === 0) continue;
        const name = this.at(offset);
        if (name === undefined || !kinds.includes(words[at + 1]! >>> 24 & 31)) continue;
        found.set(name, [...found.get(name) ?? [], id]);
      }
    }
    return found;
  }

  /**
   * Visits more types while names are missing; then all types, if one that was found may not be the
   * only one of its name. False if there was nothing more to visit.
   */
  #goesOn(
    index: BtfIndex,
    kinds: readonly number[],
    found: ReadonlyMap<string, readonly number[]>,
  ): boolean {
    if (found.size < this.#size) return index.visitMore();
    const { words, starts } = index;
    const isOnly = ([id]: readonly number[]) => !hasMore(index, words[starts[id!]!]!, kinds);
    if (found.values().every(isOnly)) return false;
    return index.visitAll();
  }

  /** The first enum that has each of the names as an enumerator. */
  enums(index: BtfIndex): Map<string, number> {
    index.visitAll();
    const { words, starts, findable } = index;
    const [strings, prefixes] = [this.#strings, this.#prefixes];
    const found = new Map<string, number>();
    for (let i = 0; i < index.found; i++) {
      const id = findable[i]!;
      const at = starts[id]!;
      const info = words[at + 1]!;
      const kind = info >>> 24 & 31;
      if (kind !== BtfKind.ENUM && kind !== BtfKind.ENUM64) continue;
      const each = PART_WORDS[kind]!;
      const end = at + FIXED_WORDS[kind]! + (info & 0xffff) * each;
      for (let value = at + FIXED_WORDS[kind]!; value < end; value += each) {
        const offset = words[value]!;
        if (prefixes[strings[offset]! | strings[offset + 1]! << 8] === 0) continue;
        const name = this.at(offset);
        if (name !== undefined && !found.has(name)) found.set(name, id);
      }
    }
    return found;
  }

  /** The first function of each name. */
  functions(index: BtfIndex): Map<string, number> {
    index.visitAll();
    const { words, starts, visited } = index;
    const [strings, prefixes] = [this.#strings, this.#prefixes];
    const found = new Map<string, number>();
    for (let id = 1; id < visited; id++) {
      const at = starts[id]!;
      if ((words[at + 1]! >>> 24 & 31) !== BtfKind.FUNC) continue;
      const offset = words[at]!;
      if (prefixes[strings[offset]! | strings[offset + 1]! << 8] === 0) continue;
      const name = this.at(offset);
      if (name !== undefined && !found.has(name)) found.set(name, id);
    }
    return found;
  }

  #isAt(offset: number, name: string): boolean {
    for (let i = 0; i < name.length; i++) {
      if (this.#strings[offset + i] !== name.charCodeAt(i)) return false;
    }
    return this.#strings[offset + name.length] === NUL;
  }
}

/**
 * Whether a type that has not been visited may have the name at this offset of the strings: whether
 * a word with this offset is followed by a word that encodes one of these kinds (`name_off` and
 * `info` of struct btf_type). Members, parameters and enumerators have names as well, but the word
 * behind is nearly always too small to encode a kind. A blob has each string only once.
 */
function hasMore({ words, end }: BtfIndex, offset: number, kinds: readonly number[]): boolean {
  // indexOf() is native code, many times as fast as a loop that has not been compiled yet.
  for (let at = words.indexOf(offset, end); at >= 0; at = words.indexOf(offset, at + 1)) {
    if (kinds.includes(words[at + 1]! >>> 24 & 31)) return true;
  }
  return false;
}
