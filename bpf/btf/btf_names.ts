/**
 * Finds a few names among the strings of a BTF blob without decoding all of them.
 *
 * The kernel's has 100,000 and more, of which next to none is wanted: the first two bytes tell that
 * of nearly all, and no string is made of them.
 *
 * @module
 */

import { BtfKind, FIXED_WORDS, PART_WORDS } from "./btf_format.ts";
import type { BtfIndex } from "./btf_index.ts";

const NUL = 0;

/** Some names, looked for in one string section. */
export class BtfNames {
  readonly #strings: Uint8Array;
  /** For each pair of first bytes whether a name has it. */
  readonly #prefixes = new Uint8Array(1 << 16);
  readonly #names = new Map<number, string[]>();

  /** Names are C identifiers: ASCII, so that a character is a byte. */
  constructor(strings: Uint8Array, names: Iterable<string>) {
    this.#strings = strings;
    for (const name of names) {
      // One letter is followed by the NUL that ends it.
      const prefix = name.charCodeAt(0) | (name.length > 1 ? name.charCodeAt(1) : NUL) << 8;
      this.#prefixes[prefix] = 1;
      const others = this.#names.get(prefix);
      if (others) others.push(name);
      else this.#names.set(prefix, [name]);
    }
  }

  /** The name that the string at this offset is; undefined when it is none of them. */
  at(offset: number): string | undefined {
    const strings = this.#strings;
    const prefix = strings[offset]! | strings[offset + 1]! << 8;
    if (this.#prefixes[prefix] === 0) return undefined;
    return this.#names.get(prefix)!.find((name) => this.#isAt(offset, name));
  }

  // The loops below look at the prefixes by themselves: they run over all of the kernel's types
  // before the engines have made calls cheap.

  /** The ids of the types of these kinds that have one of the names, in order, by name. */
  types({ words, starts, findable }: BtfIndex, kinds: readonly number[]): Map<string, number[]> {
    const [strings, prefixes] = [this.#strings, this.#prefixes];
    const found = new Map<string, number[]>();
    for (let i = 0; i < findable.length; i++) {
      const id = findable[i]!;
      const at = starts[id]!;
      const offset = words[at]!;
      if (prefixes[strings[offset]! | strings[offset + 1]! << 8] === 0) continue;
      const name = this.at(offset);
      if (name === undefined || !kinds.includes(words[at + 1]! >>> 24 & 31)) continue;
      found.set(name, [...found.get(name) ?? [], id]);
    }
    return found;
  }

  /** The first enum that has each of the names as an enumerator. */
  enums({ words, starts, findable }: BtfIndex): Map<string, number> {
    const [strings, prefixes] = [this.#strings, this.#prefixes];
    const found = new Map<string, number>();
    for (let i = 0; i < findable.length; i++) {
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
  functions({ words, starts, count }: BtfIndex): Map<string, number> {
    const [strings, prefixes] = [this.#strings, this.#prefixes];
    const found = new Map<string, number>();
    for (let id = 1; id < count; id++) {
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
