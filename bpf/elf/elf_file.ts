/**
 * Finding functions, variables and sections in executables and shared libraries: from a symbol or a
 * virtual address to the offset in the file, which is what a uprobe is set at.
 *
 * Layout: elf(5), 64 bit, little-endian.
 *
 * @module
 */

import { ErrnoError, type Mapping } from "../../ffi/libc/libc.ts";
import { mapFile } from "../../ffi/libc/mmap_file.ts";
import { decodeText, encodeText } from "../../ffi/codec/mod.ts";
import { type DebugClues, debugFiles } from "./debug_file.ts";

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
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;
const SHT_GNU_VERSYM = 0x6fffffff;
const STT_OBJECT = 1;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const SYMBOL_SIZE = 24;
/** A version that only programs linked long ago ask for. */
const HIDDEN = 0x8000;

/** A section of a file. */
export interface ElfSection {
  readonly address: number;
  readonly content: DataView;
}

/** A symbol as its table has it. */
interface Entry {
  /** Where in its file the name is. */
  readonly nameAt: number;
  readonly file: ElfFile;
  readonly address: number;
  readonly type: number;
  /** It belongs to a version that is not linked to any more. */
  readonly hidden: boolean;
}

/** A function by one of its names. */
export interface NamedSymbol extends ElfSymbol {
  readonly name: string;
}

interface Section {
  readonly name: number;
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** One mapped ELF file. */
export class ElfFile implements Disposable {
  readonly #mapping: Mapping;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #path: string;
  /** The separate file with this one's symbols; null when there is none. */
  #debug: ElfFile | null | undefined;

  /**
   * Maps a file; its debug file is looked for from `place`, where it lies.
   *
   * @throws {ErrnoError} when it cannot be read @throws {RangeError} when it is no such file
   */
  constructor(path: string, place: string = path) {
    this.#path = place;
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
    let older: ElfSymbol | undefined;
    for (const { address, type, hidden } of this.#named(name, [STT_FUNC, STT_GNU_IFUNC])) {
      const offset = this.offsetOf(address);
      if (offset === undefined) continue;
      const symbol = { offset, indirect: type === STT_GNU_IFUNC };
      if (!hidden) return symbol;
      older ??= symbol;
    }
    return older;
  }

  /** All functions, by all their names; a name comes several times when several functions have it. */
  *functions(): Generator<NamedSymbol> {
    for (const { nameAt, file, address, type } of this.#symbols([STT_FUNC, STT_GNU_IFUNC])) {
      const offset = this.offsetOf(address);
      if (offset === undefined) continue;
      yield { name: file.#textAt(nameAt), offset, indirect: type === STT_GNU_IFUNC };
    }
  }

  /** The virtual address of the one variable of that name; undefined when there is none or more. */
  variable(name: string): number | undefined {
    const addresses = new Set<number>();
    for (const { address } of this.#named(name, [STT_OBJECT])) addresses.add(address);
    return addresses.size === 1 ? [...addresses][0] : undefined;
  }

  /** The section of that name; undefined when there is none in the file. */
  section(name: string): ElfSection | undefined {
    const sections = this.#sections();
    const names = sections[this.#view.getUint16(62, true)];
    const found = names &&
      sections.find((section) => this.#isText(names.offset + section.name, encodeText(name)));
    if (!found || found.offset + found.size > this.#bytes.length) return undefined;
    const size = found.type === SHT_NOBITS ? 0 : found.size;
    const content = new DataView(this.#mapping.buffer, found.offset, size);
    return { address: found.address, content };
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

  /** The virtual address of the file's first byte: 0 in libraries. */
  get base(): number {
    const start = this.#word(32);
    const size = this.#view.getUint16(54, true);
    for (let i = 0; i < this.#view.getUint16(56, true); i++) {
      const at = start + i * size;
      if (this.#view.getUint32(at, true) !== PT_LOAD) continue;
      return this.#word(at + 16) - this.#word(at + 8);
    }
    return 0;
  }

  [Symbol.dispose](): void {
    this.#mapping.close();
    this.#debug?.[Symbol.dispose]();
  }

  /** The symbols of that name. */
  *#named(name: string, types: readonly number[]): Generator<Entry> {
    const wanted = encodeText(name);
    for (const entry of this.#symbols(types)) {
      if (entry.file.#isText(entry.nameAt, wanted)) yield entry;
    }
  }

  /** The symbols defined here: first those for the dynamic linker, last those of the debug file. */
  *#symbols(types: readonly number[]): Generator<Entry> {
    const sections = this.#sections();
    for (const kind of [SHT_DYNSYM, SHT_SYMTAB]) {
      const versions = kind === SHT_DYNSYM
        ? sections.find((section) => section.type === SHT_GNU_VERSYM)
        : undefined;
      for (const table of sections.filter((section) => section.type === kind)) {
        const strings = sections[table.link]!.offset;
        for (let i = 0; i < table.size / SYMBOL_SIZE; i++) {
          const at = table.offset + i * SYMBOL_SIZE;
          const type = this.#bytes[at + 4]! & 15;
          const defined = this.#view.getUint16(at + 6, true) !== 0;
          if (!defined || !types.includes(type)) continue;
          const nameAt = strings + this.#view.getUint32(at, true);
          const version = versions ? this.#view.getUint16(versions.offset + i * 2, true) : 0;
          const hidden = (version & HIDDEN) !== 0;
          yield { nameAt, file: this, address: this.#word(at + 8), type, hidden };
        }
      }
    }
    if (sections.some(({ type }) => type === SHT_SYMTAB)) return;
    const debug = this.#separate();
    if (debug) yield* debug.#symbols(types);
  }

  /** The path of the separate file with this one's symbols; undefined when there is none. */
  get debugFile(): string | undefined {
    const debug = this.#separate();
    return debug === null ? undefined : debug.#path;
  }

  #separate(): ElfFile | null {
    if (this.#debug === undefined) this.#debug = this.#openDebug();
    return this.#debug;
  }

  /** Opens the separate file that holds the symbol table which was stripped from this one. */
  #openDebug(): ElfFile | null {
    const clues = this.#clues();
    for (const path of debugFiles(this.#path, clues)) {
      try {
        const file = new ElfFile(path);
        if (file.#answers(clues)) return file;
        file[Symbol.dispose]();
      } catch (error) {
        if (!(error instanceof ErrnoError || error instanceof RangeError)) throw error;
      }
    }
    return null;
  }

  /** Whether this is the debug file that was meant, not one of another build. */
  #answers({ buildId, checksum }: DebugClues): boolean {
    if (buildId !== undefined) return this.#clues().buildId === buildId;
    return process.getBuiltinModule("node:zlib").crc32(this.#bytes) === checksum;
  }

  #clues(): DebugClues {
    const bytes = (name: string, skip: number) => {
      const content = this.section(name)?.content;
      return content && content.byteLength > skip
        ? this.#bytes.subarray(content.byteOffset + skip, content.byteOffset + content.byteLength)
        : undefined;
    };
    // A note: { u32 4, u32 size, u32 type, "GNU" } and the id; a link: the name and a checksum.
    const link = bytes(".gnu_debuglink", 0);
    return {
      buildId: bytes(".note.gnu.build-id", 16)?.toHex(),
      link: link && decodeText(this.#view, link.byteOffset, link.indexOf(0)),
      checksum: link && this.#view.getUint32(link.byteOffset + link.length - 4, true),
    };
  }

  #textAt(at: number): string {
    let end = at;
    while (end < this.#bytes.length && this.#bytes[end] !== 0 && this.#bytes[end] !== 0x40) end++;
    return decodeText(this.#view, at, end - at);
  }

  /** Whether the string there is `text`, with or without a version behind it ("name@@GLIBC_2.14"). */
  #isText(at: number, text: Uint8Array): boolean {
    for (let i = 0; i < text.length; i++) if (this.#bytes[at + i] !== text[i]) return false;
    const end = this.#bytes[at + text.length];
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
        name: this.#view.getUint32(at, true),
        type: this.#view.getUint32(at + 4, true),
        address: this.#word(at + 16),
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
