/**
 * Recognizing a few names among the many strings of a BTF blob.
 *
 * The kernel's has 100,000 and more, of which next to none is wanted: the first two bytes tell that
 * of nearly all, and no string is made of them.
 *
 * @module
 */

const NUL = 0;

/** Some names, looked for in one string section. */
export class BtfNames {
  readonly strings: Uint8Array;
  /**
   * For each pair of first bytes whether a name has it: loops over all of the kernel's types look
   * here by themselves, because they run before the engines have made calls cheap.
   */
  readonly prefixes: Uint8Array = new Uint8Array(1 << 16);
  readonly #names = new Map<number, string[]>();

  /** Names are C identifiers: ASCII, so that a character is a byte. */
  constructor(strings: Uint8Array, names: Iterable<string>) {
    this.strings = strings;
    for (const name of names) {
      // One letter is followed by the NUL that ends it.
      const prefix = name.charCodeAt(0) | (name.length > 1 ? name.charCodeAt(1) : NUL) << 8;
      this.prefixes[prefix] = 1;
      const others = this.#names.get(prefix);
      if (others) others.push(name);
      else this.#names.set(prefix, [name]);
    }
  }

  /** The name that the string at this offset is; undefined when it is none of them. */
  at(offset: number): string | undefined {
    const strings = this.strings;
    const prefix = strings[offset]! | strings[offset + 1]! << 8;
    if (this.prefixes[prefix] === 0) return undefined;
    return this.#names.get(prefix)!.find((name) => this.#isAt(offset, name));
  }

  #isAt(offset: number, name: string): boolean {
    for (let i = 0; i < name.length; i++) {
      if (this.strings[offset + i] !== name.charCodeAt(i)) return false;
    }
    return this.strings[offset + name.length] === NUL;
  }
}
