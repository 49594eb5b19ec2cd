/**
 * The symbol tables of an ELF file.
 *
 * @module
 */

import { type ElfReader, type ElfSection, ifWhole, viewOf, word } from "./elf_reader.ts";
import { StringTable } from "./string_table.ts";

/** Section types: all symbols, and those for the dynamic linker. */
export const SHT_SYMTAB = 2;
export const SHT_DYNSYM = 11;
const SHT_GNU_VERSYM = 0x6fffffff;

/** Symbol types. */
export const STT_OBJECT = 1;
export const STT_FUNC = 2;
export const STT_GNU_IFUNC = 10;

const SYMBOL_SIZE = 24;
/** VERSYM_HIDDEN: a version that new programs are not linked to. */
const HIDDEN = 0x8000;
/**
 * Limit: 5.6 million symbols, several times those of the largest browsers. Larger tables are not
 * read.
 */
const MAX_TABLE_SIZE = 128 * 2 ** 20;
/** Symbols read at once. */
const PER_READ = 2 ** 14;

/** A symbol defined in its file. */
export interface SymbolEntry {
  /** The offset of its name in the string table. */
  readonly nameAt: number;
  readonly address: number;
  readonly size: number;
  readonly type: number;
  /** Whether it belongs to a version that is no longer linked to. */
  readonly hidden: boolean;
}

/** Symbols as columns of equal length. */
export interface SymbolColumns {
  readonly addresses: Float64Array;
  readonly sizes: Float64Array;
  /** The offsets of their names in the string table. */
  readonly namesAt: Uint32Array;
}

/** Like `word` of elf_reader.ts, but fast for a million numbers. */
const wordWithoutBigInt = (view: DataView, at: number) =>
  view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);

/** One symbol table and its names. */
export class SymbolTable {
  readonly names: StringTable;
  readonly #file: ElfReader;
  readonly #section: ElfSection;
  readonly #versions: ElfSection | undefined;

  constructor(file: ElfReader, section: ElfSection, names: ElfSection) {
    this.#file = file;
    this.#section = section;
    this.#versions = section.type === SHT_DYNSYM
      ? file.sections.find(({ type }) => type === SHT_GNU_VERSYM)
      : undefined;
    this.names = new StringTable((offset, length) => file.read(offset, length), names);
  }

  /** The symbols of these types, up to where the table is truncated. @throws {ErrnoError} */
  *symbols(types: readonly number[]): Generator<SymbolEntry> {
    const { offset, size } = this.#section;
    const total = size > MAX_TABLE_SIZE ? 0 : Math.floor(size / SYMBOL_SIZE);
    for (let first = 0; first < total; first += PER_READ) {
      const count = Math.min(PER_READ, total - first);
      const view = ifWhole(() =>
        viewOf(this.#file.read(offset + first * SYMBOL_SIZE, count * SYMBOL_SIZE))
      );
      if (!view) return;
      const versions = this.#readVersions(first, count);
      for (let i = 0; i < count; i++) {
        const at = i * SYMBOL_SIZE;
        const type = view.getUint8(at + 4) & 15;
        if (!types.includes(type) || view.getUint16(at + 6, true) === 0) continue;
        yield {
          nameAt: view.getUint32(at, true),
          address: word(view, at + 8),
          size: word(view, at + 16),
          type,
          hidden: versions !== undefined && (versions.getUint16(i * 2, true) & HIDDEN) !== 0,
        };
      }
    }
  }

  /**
   * The addresses, sizes and name offsets of the symbols of these types: like `symbols`, without an
   * object for each.
   */
  columns(types: readonly number[]): SymbolColumns {
    const { offset, size } = this.#section;
    const total = size > MAX_TABLE_SIZE ? 0 : Math.floor(size / SYMBOL_SIZE);
    const [addresses, sizes] = [new Float64Array(total), new Float64Array(total)];
    const namesAt = new Uint32Array(total);
    const isWanted = Array.from({ length: 16 }, (_, type) => types.includes(type));
    let count = 0;
    for (let first = 0; first < total; first += PER_READ) {
      const symbols = Math.min(PER_READ, total - first);
      const view = ifWhole(() =>
        viewOf(this.#file.read(offset + first * SYMBOL_SIZE, symbols * SYMBOL_SIZE))
      );
      if (!view) break;
      for (let at = 0; at < symbols * SYMBOL_SIZE; at += SYMBOL_SIZE) {
        if (!isWanted[view.getUint8(at + 4) & 15] || view.getUint16(at + 6, true) === 0) continue;
        addresses[count] = wordWithoutBigInt(view, at + 8);
        sizes[count] = wordWithoutBigInt(view, at + 16);
        namesAt[count++] = view.getUint32(at, true);
      }
    }
    return {
      addresses: addresses.subarray(0, count),
      sizes: sizes.subarray(0, count),
      namesAt: namesAt.subarray(0, count),
    };
  }

  #readVersions(first: number, count: number): DataView | undefined {
    const versions = this.#versions;
    if (!versions || (first + count) * 2 > versions.size) return undefined;
    return ifWhole(() => viewOf(this.#file.read(versions.offset + first * 2, count * 2)));
  }
}

/** The symbol table of that type, undefined when there is none. */
export function symbolTable(file: ElfReader, type: number): SymbolTable | undefined {
  const section = file.sections.find((section) => section.type === type);
  const names = section && file.sections[section.link];
  return names && new SymbolTable(file, section, names);
}
