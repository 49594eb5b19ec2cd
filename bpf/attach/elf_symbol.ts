/**
 * Finding functions in executables and shared libraries: from a symbol or a virtual address to the
 * offset in the file, which is what a uprobe is set at.
 *
 * Layout: elf(5), 64 bit, little-endian.
 *
 * @module
 */

import type { Mapping } from "../../ffi/libc.ts";
import { mapFile } from "../../ffi/map_file.ts";
import { encodeText } from "../../ffi/codec/mod.ts";

/** A function in a file. */
export interface ElfSymbol {
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** An IFUNC: the dynamic linker calls this once to learn which implementation to use. */
  readonly indirect: boolean;
}

const MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const PT_LOAD = 1;
const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const SHT_GNU_VERSYM = 0x6fffffff;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const SYMBOL_SIZE = 24;
/** A version that only programs linked long ago ask for. */
const HIDDEN = 0x8000;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** One mapped ELF file. */
export class ElfFile implements Disposable {
  readonly #mapping: Mapping;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  /** @throws {ErrnoError} when it cannot be read @throws {RangeError} when it is no such file */
  constructor(path: string) {
    this.#mapping = mapFile(path);
    this.#view = new DataView(this.#mapping.buffer);
    this.#bytes = new Uint8Array(this.#mapping.buffer);
    if (
      this.#bytes.length < 64 || this.#view.getUint32(0) !== MAGIC || this.#bytes[4] !== CLASS_64
    ) {
      this.#mapping.close();
      throw new RangeError(`Cannot find functions in "${path}": it is not a 64 bit ELF file`);
    }
  }

  /** The function of that name; of several versions the one that is linked to today. */
  function(name: string): ElfSymbol | undefined {
    const sections = this.#sections();
    for (const type of [SHT_DYNSYM, SHT_SYMTAB]) {
      for (const table of sections.filter((section) => section.type === type)) {
        const versions = type === SHT_DYNSYM
          ? sections.find((section) => section.type === SHT_GNU_VERSYM)
          : undefined;
        const found = this.#search(table, sections[table.link]!, versions, encodeText(name));
        if (found) return found;
      }
    }
    return undefined;
  }

  /** The offset in the file of a virtual address; undefined when no segment holds it. */
  offsetOf(address: number): number | undefined {
    const start = this.#word(32);
    const size = this.#view.getUint16(54, true);
    const count = this.#view.getUint16(56, true);
    for (let at = start; at < start + size * count; at += size) {
      if (this.#view.getUint32(at, true) !== PT_LOAD) continue;
      const [offset, base, length] = [this.#word(at + 8), this.#word(at + 16), this.#word(at + 32)];
      if (address >= base && address < base + length) return address - base + offset;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#mapping.close();
  }

  #search(
    table: Section,
    strings: Section,
    versions: Section | undefined,
    name: Uint8Array,
  ): ElfSymbol | undefined {
    let older: ElfSymbol | undefined;
    for (let i = 0; i < table.size / SYMBOL_SIZE; i++) {
      const at = table.offset + i * SYMBOL_SIZE;
      const type = this.#bytes[at + 4]! & 15;
      if (type !== STT_FUNC && type !== STT_GNU_IFUNC) continue;
      const defined = this.#view.getUint16(at + 6, true) !== 0;
      if (!defined || !this.#named(strings.offset + this.#view.getUint32(at, true), name)) continue;
      const offset = this.offsetOf(this.#word(at + 8));
      if (offset === undefined) continue;
      const symbol = { offset, indirect: type === STT_GNU_IFUNC };
      const version = versions ? this.#view.getUint16(versions.offset + i * 2, true) : 0;
      if (!(version & HIDDEN)) return symbol;
      older ??= symbol;
    }
    return older;
  }

  /** Whether the string there is `name`, with or without a version behind it ("name@@GLIBC_2.14"). */
  #named(at: number, name: Uint8Array): boolean {
    for (let i = 0; i < name.length; i++) if (this.#bytes[at + i] !== name[i]) return false;
    const end = this.#bytes[at + name.length];
    return end === 0 || end === 0x40;
  }

  #sections(): Section[] {
    const start = this.#word(40);
    const size = this.#view.getUint16(58, true);
    const count = this.#view.getUint16(60, true);
    if (start + size * count > this.#bytes.length) return [];
    return Array.from({ length: count }, (_, i) => {
      const at = start + i * size;
      return {
        type: this.#view.getUint32(at + 4, true),
        offset: this.#word(at + 24),
        size: this.#word(at + 32),
        link: this.#view.getUint32(at + 40, true),
      };
    });
  }

  #word(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }
}
