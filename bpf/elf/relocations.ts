/**
 * The relocations by which the dynamic linker writes function addresses into a program's GOT.
 *
 * Layout: elf(5), the processors' psABI.
 *
 * @module
 */

import { type ElfReader, type ElfSection, ifWhole, viewOf, word } from "./elf_reader.ts";
import { StringTable } from "./string_table.ts";

export const SHT_RELA = 4;
/** Size of an Elf64_Rela: address, type and symbol, addend. */
export const RELA_BYTES = 24;
/** The word becomes the load address plus the addend. */
export const R_X86_64_RELATIVE = 8;
const SYMBOL_SIZE = 24;
/** Relocations read at once. */
const PER_READ = 2 ** 14;
/** Limit: 5.6 million relocations of a file, in all its tables; larger ones are not read. */
const MAX_TABLE_SIZE = 128 * 2 ** 20;
const HEADER_MACHINE_AT = 18;
const EM_AARCH64 = 183;

/** Relocation types: `none` has a resolver's address as addend, the others refer to a symbol. */
const X86 = { none: 37, symbols: [1, 6, 7] };
const AARCH64 = { none: 1032, symbols: [257, 1025, 1026] };

/** A word that the dynamic linker fills. */
export interface Relocation {
  /** Its virtual address. */
  readonly address: number;
  /** The resolver that computes the word, if there is no symbol: R_*_IRELATIVE. */
  readonly resolver?: number;
  /** The symbol's address; 0 for a symbol of another file. */
  readonly symbol?: { readonly name: string; readonly address: number };
}

/**
 * The relocations of a file that refer to functions, up to where a table is truncated. @throws
 * {ErrnoError}
 */
export function* relocations(file: ElfReader): Generator<Relocation> {
  const header = viewOf(file.read(HEADER_MACHINE_AT, 2));
  const types = header.getUint16(0, true) === EM_AARCH64 ? AARCH64 : X86;
  let left = MAX_TABLE_SIZE;
  for (const section of file.sections) {
    // Tables without an address are for the static linker.
    if (section.type !== SHT_RELA || section.address === 0) continue;
    if (section.size > left) continue;
    left -= section.size;
    const symbols = file.sections[section.link];
    const names = symbols && file.sections[symbols.link];
    const table = names && new StringTable((offset, length) => file.read(offset, length), names);
    const total = Math.floor(section.size / RELA_BYTES);
    for (let first = 0; first < total; first += PER_READ) {
      const count = Math.min(PER_READ, total - first);
      const view = ifWhole(() =>
        viewOf(file.read(section.offset + first * RELA_BYTES, count * RELA_BYTES))
      );
      if (!view) break;
      for (let at = 0; at < count * RELA_BYTES; at += RELA_BYTES) {
        const type = view.getUint32(at + 8, true);
        const address = word(view, at);
        if (type === types.none) yield { address, resolver: word(view, at + 16) };
        if (!table || !types.symbols.includes(type)) continue;
        const index = view.getUint32(at + 12, true);
        const symbol = ifWhole(() => symbolAt(file, symbols!, table, index));
        if (symbol) yield { address, symbol };
      }
    }
  }
}

function symbolAt(file: ElfReader, symbols: ElfSection, names: StringTable, index: number) {
  if ((index + 1) * SYMBOL_SIZE > symbols.size) return undefined;
  const view = viewOf(file.read(symbols.offset + index * SYMBOL_SIZE, SYMBOL_SIZE));
  return { name: names.textAt(view.getUint32(0, true)), address: word(view, 8) };
}
