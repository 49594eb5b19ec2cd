/**
 * Finding functions, variables and sections in executables and shared libraries: from a symbol or a
 * virtual address to the offset in the file, which is what a uprobe is set at.
 *
 * @module
 */

import { encodeText } from "../../ffi/codec/mod.ts";
import type { FileStatus } from "../../ffi/libc/open_path.ts";
import { type ForeignFile, openForeign } from "../proc/open_foreign.ts";
import { openDebugFile } from "./debug_file.ts";
import { ElfReader, ifWhole } from "./elf_reader.ts";
import { GoTable } from "./go_table.ts";
import { InlinedTable } from "./inlined.ts";
import { LineTable } from "./line_table.ts";
import { miniDebugInfo } from "./mini_debug_info.ts";
import {
  SHT_DYNSYM,
  SHT_SYMTAB,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_OBJECT,
  type SymbolEntry,
  type SymbolTable,
  symbolTable,
} from "./symbol_table.ts";

/** A function in a file. */
export interface ElfSymbol {
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** An IFUNC: the dynamic linker calls this once to learn which implementation to use. */
  readonly indirect: boolean;
}

/** A function by one of its names. */
export interface NamedSymbol extends ElfSymbol {
  readonly name: string;
}

const FUNCTIONS = [STT_FUNC, STT_GNU_IFUNC];

/** An ELF file with its symbols, those that were stripped from it included. */
export class ElfFile extends ElfReader {
  readonly #file: ForeignFile;
  /** The file's path, relative to which debug files are looked for. */
  readonly #place: string;
  readonly #tables = new Map<string, SymbolTable | undefined>();
  readonly #opened = new DisposableStack();
  /** The inlined functions; null without debug information. */
  #inlined: InlinedTable | null | undefined;
  #go: GoTable | null | undefined;
  /** The source lines; null without debug information. */
  #lines: LineTable | null | undefined;
  /** The separate file with this one's symbols; null when there is none. */
  #debug: ElfReader | null | undefined;

  /**
   * Opens a file; debug files are looked for relative to `place`, its path.
   *
   * @throws {ErrnoError} when it cannot be read @throws {RangeError} when it is not an ELF file
   */
  constructor(path: string, place: string = path) {
    const file = openForeign(path);
    super(file);
    this.#file = file;
    this.#place = place;
  }

  /** The file's device and inode, by which mappings of it are recognized. */
  get status(): FileStatus {
    return this.#file.status;
  }

  /** The function of that name; of several symbol versions the default one. */
  function(name: string): ElfSymbol | undefined {
    let older: ElfSymbol | undefined;
    for (const { address, type, hidden } of this.#named(name, FUNCTIONS)) {
      const offset = this.offsetOf(address);
      if (offset === undefined) continue;
      const symbol = { offset, indirect: type === STT_GNU_IFUNC };
      if (!hidden) return symbol;
      older ??= symbol;
    }
    return older;
  }

  /** The virtual address and size of the function of that name. */
  extent(name: string): { readonly address: number; readonly size: number } | undefined {
    return this.#named(name, FUNCTIONS).find(({ size }) => size > 0);
  }

  /** All functions of that name. */
  *functionsNamed(name: string): Generator<NamedSymbol> {
    for (const { address, type } of this.#named(name, FUNCTIONS)) {
      const offset = this.offsetOf(address);
      if (offset !== undefined) yield { name, offset, indirect: type === STT_GNU_IFUNC };
    }
  }

  /** All functions, by all their names; a name comes several times when several functions have it. */
  *functions(): Generator<NamedSymbol> {
    for (const { names, symbols } of this.#symbols(FUNCTIONS)) {
      for (const { nameAt, address, type } of symbols) {
        const offset = this.offsetOf(address);
        const name = offset === undefined ? undefined : ifWhole(() => names.textAt(nameAt));
        if (name) yield { name, offset: offset!, indirect: type === STT_GNU_IFUNC };
      }
    }
  }

  /** The virtual address of the variable of that name; undefined when there is none, or several. */
  variable(name: string): number | undefined {
    const addresses = new Set<number>();
    for (const { address } of this.#named(name, [STT_OBJECT])) addresses.add(address);
    return addresses.size === 1 ? [...addresses][0] : undefined;
  }

  /** The variable that a virtual address lies in; undefined when there is none. */
  variableAt(address: number): string | undefined {
    for (const { names, symbols } of this.#symbols([STT_OBJECT])) {
      for (const { nameAt, address: start, size } of symbols) {
        if (address < start || address >= start + size) continue;
        const name = ifWhole(() => names.textAt(nameAt));
        if (name) return name;
      }
    }
    return undefined;
  }

  /** The symbols for the dynamic linker. */
  get dynamic(): SymbolTable | undefined {
    return this.#table("dynamic", () => symbolTable(this, SHT_DYNSYM));
  }

  /** Its own full symbol table, unless it was stripped. */
  get full(): SymbolTable | undefined {
    return this.#table("full", () => symbolTable(this, SHT_SYMTAB));
  }

  /** The full symbol table of its separate debug file. */
  get separate(): SymbolTable | undefined {
    return this.#table("separate", () => {
      const debug = this.debugFile === undefined ? undefined : this.#debug;
      return debug ? symbolTable(debug, SHT_SYMTAB) : undefined;
    });
  }

  /**
   * The functions of MiniDebugInfo, which a stripped file has in addition to its dynamic symbols.
   */
  get mini(): SymbolTable | undefined {
    return this.#table("mini", () => {
      const unpacked = miniDebugInfo(this);
      return unpacked && symbolTable(this.#opened.use(unpacked), SHT_SYMTAB);
    });
  }

  /** The function table of a Go program, which it keeps when it is stripped. */
  get go(): GoTable | undefined {
    if (this.#go === undefined) this.#go = GoTable.of(this) ?? null;
    return this.#go ?? undefined;
  }

  /** Its source lines, or those of its debug file; undefined without debug information. */
  get lines(): LineTable | undefined {
    if (this.#lines === undefined) {
      const debug = () => this.debugFile === undefined ? undefined : this.#debug;
      const other = LineTable.of(this) ?? debug();
      this.#lines = (other instanceof ElfReader ? LineTable.of(other) : other) ?? null;
    }
    return this.#lines ?? undefined;
  }

  /** The inlined functions, from its own debug information or that of its separate debug file. */
  get inlined(): InlinedTable | undefined {
    if (this.#inlined === undefined) {
      const own = InlinedTable.of(this, this.lines);
      const debug = own || this.debugFile === undefined ? undefined : this.#debug;
      this.#inlined = own ?? (debug ? InlinedTable.of(debug, this.lines) : undefined) ?? null;
    }
    return this.#inlined ?? undefined;
  }

  /** The path of the separate file with this one's symbols; undefined when there is none. */
  get debugFile(): string | undefined {
    if (this.#debug === undefined) {
      const owner = this.#file.status.owner;
      this.#debug = openDebugFile(this, this.#place, owner) ?? null;
      if (this.#debug) this.#opened.use(this.#debug);
    }
    return this.#debug?.path;
  }

  override [Symbol.dispose](): void {
    this.#opened.dispose();
    super[Symbol.dispose]();
  }

  #table(name: string, find: () => SymbolTable | undefined): SymbolTable | undefined {
    if (!this.#tables.has(name)) this.#tables.set(name, find());
    return this.#tables.get(name);
  }

  /** The symbols of that name. */
  *#named(name: string, types: readonly number[]): Generator<SymbolEntry> {
    const wanted = encodeText(name);
    for (const { names, symbols } of this.#symbols(types)) {
      for (const entry of symbols) {
        if (ifWhole(() => names.isText(entry.nameAt, wanted))) yield entry;
      }
    }
  }

  /**
   * Symbol tables: first the dynamic linker's, then the most complete one, which is opened only
   * when it is needed.
   */
  *#symbols(types: readonly number[]) {
    const { dynamic } = this;
    if (dynamic) yield { names: dynamic.names, symbols: dynamic.symbols(types) };
    const complete = this.full ?? this.separate ?? this.mini;
    if (complete) yield { names: complete.names, symbols: complete.symbols(types) };
  }
}
