/**
 * The functions of an ELF file by address: its symbol table, or that of its separate debug file or
 * MiniDebugInfo.
 *
 * The file stays open; addresses, sizes and offsets of names are kept in typed arrays.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { readLink } from "../../ffi/libc/files.ts";
import { ElfFile } from "./elf_file.ts";
import type { InlinedCall } from "./inlined.ts";
import type { SourceLine } from "./line_table.ts";
import type { DecodeName } from "./string_table.ts";
import {
  functionAt,
  type FunctionTable,
  functionTable,
  hasAlias,
  plainestAt,
} from "./function_table.ts";

/** The link to a file that a process has mapped; its target is the file's path. */
const MAPPED = /^(\/proc\/\d+)\/map_files\//;

/** One open file; its functions are read when first needed. */
export class ElfFunctions implements Disposable {
  readonly #file: ElfFile;
  #table: FunctionTable | undefined;

  /** @throws {ErrnoError} when it cannot be read @throws {RangeError} when it is not an ELF file */
  constructor(path: string) {
    this.#file = new ElfFile(path, placeOf(path));
  }

  /** The build id in hexadecimal; undefined without one. */
  get buildId(): string | undefined {
    return readable(() => this.#file.buildId);
  }

  /**
   * The function at a file offset, how far into it the offset is, and the function's size, 0 when
   * unknown; undefined when no function is known there.
   */
  at(fileOffset: number): { name: string; offset: number; size: number } | undefined {
    const found = this.find(fileOffset);
    const name = found && this.nameOf(found.index);
    return name && found ? { name, offset: found.offset, size: found.size } : undefined;
  }

  /** Like `at`, with the function's index in place of its name. */
  find(fileOffset: number): { index: number; offset: number; size: number } | undefined {
    const address = this.#file.addressOf(fileOffset);
    if (address === undefined) return undefined;
    if (!this.#table) this.#table = readable(() => this.#read());
    const table = this.#table;
    const found = table && functionAt(table, address);
    if (!table || found === undefined) return undefined;
    const index = hasAlias(table, found)
      ? readable(() => plainestAt(table, found, address))
      : found;
    if (index === undefined) return undefined;
    return { index, offset: address - table.starts[index]!, size: table.sizes[index]! };
  }

  /**
   * The name of the function with that index; "" when it has none, undefined when it cannot be read
   * any more.
   */
  nameOf(index: number, decode?: DecodeName): string | undefined {
    // Not by readable(): a report has a hundred thousand names, and would make a closure for each.
    try {
      return this.#table?.nameOf(index, decode);
    } catch (error) {
      return unreadable(error);
    }
  }

  /** The source line of an offset of the file; undefined when it is not known. */
  lineAt(fileOffset: number): SourceLine | undefined {
    const address = this.#file.addressOf(fileOffset);
    return address === undefined
      ? undefined
      : readable(() =>
        this.#file.lines ? this.#file.lines.at(address) : this.#file.go?.lineAt(address)
      );
  }

  /** The inlined calls that the instruction at an offset of the file is in, innermost first. */
  inlinedAt(fileOffset: number): InlinedCall[] {
    const address = this.#file.addressOf(fileOffset);
    if (address === undefined) return [];
    return readable(() => this.#file.inlined?.at(address)) ?? [];
  }

  /**
   * The file offset of what is loaded `distance` bytes behind the file's first byte; undefined if
   * that is not in the file.
   */
  offsetAt(distance: number): number | undefined {
    return readable(() => this.#file.offsetOf(distance + this.#file.base));
  }

  /**
   * Opens the separate debug file if there is one: it may be out of reach once the process has
   * ended.
   */
  openDebugFile(): void {
    readable(() => this.#file.full === undefined && this.#file.debugFile);
  }

  /** Bytes of the file; undefined when it is shorter. */
  bytesAt(offset: number, length: number): Uint8Array | undefined {
    return readable(() => this.#file.read(offset, length));
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  /** The first of its symbol tables that has functions. */
  #read(): FunctionTable {
    const file = this.#file;
    const { full, separate } = file;
    for (const table of [full, separate]) {
      const functions = table && readable(() => functionTable([table]));
      if (functions && functions.starts.length > 0) return functions;
    }
    const go = readable(() => file.go?.functions());
    if (go && go.starts.length > 0) return go;
    // MiniDebugInfo omits what is in the dynamic symbol table.
    const rest = [file.dynamic, file.mini].filter((table) => table !== undefined);
    return readable(() => functionTable(rest)) ?? functionTable([]);
  }
}

/** Returns what `read` returns; undefined when the file is gone or truncated by now. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    return unreadable(error);
  }
}

/** Throws all other errors. */
function unreadable(error: unknown): undefined {
  if (error instanceof ErrnoError || error instanceof RangeError) return undefined;
  throw error;
}

/** The path of a file that a process has mapped: as that process sees it. */
function placeOf(path: string): string {
  const process = MAPPED.exec(path)?.[1];
  if (process === undefined) return path;
  const place = readable(() => readLink(path));
  return place === undefined ? path : `${process}/root${place}`;
}
