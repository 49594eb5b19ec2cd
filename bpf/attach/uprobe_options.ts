/**
 * Resolves where a uprobe goes: the file, the symbol or offset in it, and a description of both for
 * messages.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { ElfFile } from "../elf/elf_file.ts";
import { Ifuncs } from "../elf/ifunc.ts";
import { libraryPath, pathIn } from "../proc/library_path.ts";
import type { UserFunction } from "../symbols/user_functions.ts";
import type { PatternOptions } from "./multi.ts";

/** Where in which file to attach; one of `path` and `library` is needed. */
export interface UprobeOptions extends PatternOptions {
  /** The program or library file: with `pid` its path as that process sees it. */
  readonly path?: string;
  /**
   * A shared library: `ssl` for any libssl.so, `libssl.so.3` for that version; with `pid` the one
   * that process has mapped.
   */
  readonly library?: string;
  /** The function's symbol, also one of a separate debug file; or a pattern for many functions. */
  readonly symbol?: string | RegExp;
  /**
   * Instead of a symbol, functions found before: see {@linkcode userFunctions}. The attach cookie
   * (`bpf_get_attach_cookie()`) of each is its index in this list. Those that cannot be probed are
   * skipped; it is an error if none is left. Needs Linux >= 5.15.
   */
  readonly functions?: readonly UserFunction[];
  /** The attach cookie of the first of them, for lists that span several files. Default 0. */
  readonly firstCookie?: number;
  /** A virtual address of the file, as `nm` and `objdump` print it, instead of a symbol. */
  readonly address?: number;
  /** Bytes into the function or from the address; without both, into the file. Default 0. */
  readonly offset?: number;
  /** Attach to the function's return instead of its entry. */
  readonly atReturn?: boolean;
  /** Only this process; default all processes, also those started later. */
  readonly pid?: number;
}

/** The offset of the uprobe in the file. @throws {Error} naming what is missing */
export function offsetIn(
  path: string,
  symbol: string | undefined,
  { address, offset = 0, pid }: UprobeOptions,
  action: string,
): number {
  if (symbol !== undefined && address !== undefined) {
    throw new TypeError(`Cannot ${action}: expected a symbol or an address, found both`);
  }
  if (symbol === undefined && address === undefined) return offset;
  using file = new ElfFile(path);
  if (symbol === undefined) {
    const start = file.offsetOf(address!);
    if (start === undefined) {
      throw new RangeError(`Cannot ${action}: no code of the file is loaded at that address`);
    }
    return start + offset;
  }
  const found = file.function(symbol);
  if (!found) throw new ErrnoError(action, Errno.ENOENT);
  if (!found.indirect) return found.offset + offset;
  const ifuncs = new Ifuncs(file, pid);
  const start = ifuncs.implementation(symbol, found.offset);
  if (start !== undefined) return start + offset;
  throw new TypeError(
    `Cannot ${action}: "${symbol}" is an indirect function (IFUNC), and ${ifuncs.reason}`,
  );
}

/** The file's path, as this process reaches it. @throws {TypeError} */
export function findFile({ path, library, pid }: UprobeOptions, action: string): string {
  if ((path === undefined) === (library === undefined)) {
    const found = path === undefined ? "neither" : "both";
    throw new TypeError(`Cannot ${action}: expected a path or a library, found ${found}`);
  }
  // A relative path starts at this process's working folder; with `pid` the result is looked up
  // below that process's root.
  const file = path === undefined
    ? libraryPath(library!, pid)
    : pathIn(pid, process.getBuiltinModule("node:path").resolve(path));
  if (file !== undefined) return file;
  throw new TypeError(
    `Cannot ${action}: the dynamic linker knows no ${libraryName(library!)}: ` +
      "list what it knows with ldconfig -p, or give a path",
  );
}

/** The location as text for messages: `/usr/lib/libfoo.so:symbol+0x4`. */
export function describe(options: UprobeOptions): string {
  const { path, library, symbol, functions, address, offset = 0 } = options;
  if (functions) return `${path ?? library}:${listed(functions)}`;
  const hex = (value: number) => `0x${value.toString(16)}`;
  const place = symbol?.toString() ?? (address === undefined ? "" : hex(address));
  const shift = offset || !place ? `+${hex(offset)}` : "";
  return `${path ?? libraryName(library ?? "").replace(/\.so$/, "")}:${place}${shift}`;
}

const listed = (functions: readonly UserFunction[]) =>
  functions.length === 1 ? functions[0]!.name : `${functions.length} functions`;

/** `ssl` becomes libssl.so; a name with a version is complete already. */
function libraryName(library: string): string {
  const prefixed = library.startsWith("lib") && library.includes(".so") ? library : `lib${library}`;
  return prefixed.includes(".so") ? prefixed : `${prefixed}.so`;
}
