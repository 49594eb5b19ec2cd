/**
 * Symbols of mapped files: each file is opened once, and each offset in it symbolized once, for all
 * processes.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { ElfFunctions } from "../elf/elf_functions.ts";
import type { InlinedCall } from "../elf/inlined.ts";
import type { SourceLine } from "../elf/line_table.ts";
import { type DecodeName, decodeName } from "../elf/string_table.ts";
import type { MemoryRange } from "../proc/process_maps.ts";
import { isVdso, readVdso, VDSO, vdsoName } from "../proc/vdso.ts";
import { demangle, demangleBytes } from "./demangle.ts";
import type { ResolvedSymbol } from "./symbol.ts";

/**
 * The signal trampoline: mov $__NR_rt_sigreturn, %eax or %x8 and the system call. No call
 * instruction precedes it.
 */
const SIGNAL_RETURNS = process.arch === "arm64"
  ? ["681180d2010000d4"]
  : ["48c7c00f0000000f05", "b80f0000000f05"];

/** How many names of a file are kept. */
const MAX_NAMES = 2 ** 15;

/** A file with function symbols. */
export class FileSymbols implements Disposable {
  /** The build id in hexadecimal; undefined without one. */
  readonly buildId: string | undefined;
  readonly #elf: ElfFunctions;
  readonly #module: string;
  readonly #demangle: boolean;
  readonly #decode: DecodeName;
  readonly #names = new Map<number, string>();
  readonly #lines = new Map<number, SourceLine | null>();
  readonly #inlined = new Map<number, readonly InlinedCall[]>();
  readonly #signalReturns = new Map<number, boolean>();

  /** Takes the file over; `module` is its name in symbols. */
  constructor(elf: ElfFunctions, module: string, options: { readonly demangle: boolean }) {
    this.#elf = elf;
    this.#module = module;
    this.#demangle = options.demangle;
    const decode = options.demangle ? demangleBytes : decodeName;
    this.#decode = module === VDSO ? (...name) => vdsoName(decodeName(...name)) : decode;
    this.buildId = elf.buildId;
    // At the first look-up the debug file's path may be out of reach.
    elf.openDebugFile();
  }

  /** The symbol at a file offset. */
  at(offset: number): FileSymbol {
    const found = this.#elf.find(offset);
    const name = found && this.#nameOf(found.index);
    const module = this.#module;
    if (!name) return { symbol: { name: undefined, offset, module }, size: 0 };
    return { symbol: { name, offset: found.offset, module }, size: found.size };
  }

  /**
   * The symbol of the call that returns to a file offset; undefined unless the function goes on there: then the offset
   * may be a signal trampoline's.
   */
  callBefore(offset: number): ResolvedSymbol | undefined {
    const found = this.#elf.find(offset - 1);
    if (!found || found.offset + 1 >= found.size) return undefined;
    const name = this.#nameOf(found.index);
    return name ? { name, offset: found.offset + 1, module: this.#module } : undefined;
  }

  /** The source line of an offset of the file; undefined when it is not known. */
  lineAt(offset: number): SourceLine | undefined {
    let line = this.#lines.get(offset);
    if (line === undefined) this.#lines.set(offset, line = this.#elf.lineAt(offset) ?? null);
    return line ?? undefined;
  }

  /** The inlined calls that an offset of the file is in, innermost first. */
  inlinedAt(offset: number): readonly InlinedCall[] {
    let calls = this.#inlined.get(offset);
    if (!calls) {
      calls = this.#elf.inlinedAt(offset).map(({ name, caller }) => {
        return { name: name && this.#demangle ? demangle(name) : name, caller };
      });
      this.#inlined.set(offset, calls);
    }
    return calls;
  }

  /**
   * The symbol `distance` bytes behind where the file's first byte is mapped, by the program
   * headers.
   */
  atDistance(distance: number): FileSymbol | undefined {
    const offset = this.#elf.offsetAt(distance);
    return offset === undefined ? undefined : this.at(offset);
  }

  /** Whether a file offset is in a signal trampoline. */
  isSignalReturn(offset: number): boolean {
    // A trampoline begins at the offset: a function that the byte before belongs to as well is
    // none.
    if (this.callBefore(offset)) return false;
    let known = this.#signalReturns.get(offset);
    if (known === undefined) {
      // Nor is an offset further inside a function: then the file's bytes are not read.
      const found = this.#elf.find(offset);
      known = !(found && found.size > 0 && found.offset > 0) && SIGNAL_RETURNS.some((code) => {
        return this.#elf.bytesAt(offset, code.length / 2)?.toHex() === code;
      });
      this.#signalReturns.set(offset, known);
    }
    return known;
  }

  [Symbol.dispose](): void {
    this.#elf[Symbol.dispose]();
  }

  /** Each name is read, and demangled, once. */
  #nameOf(index: number): string | undefined {
    const known = this.#names.get(index);
    if (known !== undefined) return known;
    const name = this.#elf.nameOf(index, this.#decode);
    if (this.#names.size === MAX_NAMES) this.#names.clear();
    if (name !== undefined) this.#names.set(index, name);
    return name;
  }
}

/** The symbol of a file offset. */
export interface FileSymbol {
  readonly symbol: ResolvedSymbol;
  /** The size of the function, which contains the offset; 0 when the file does not give it. */
  readonly size: number;
}

/** The mapped files, opened on demand. */
export class SymbolFiles implements Disposable {
  readonly #files = new Map<string, FileSymbols>();
  /** By process, the files that could not be opened through it. */
  readonly #missing = new Map<number, Set<string>>();
  readonly #options: { readonly demangle: boolean };
  /** The last result: the frames of a stack are mostly in one file. */
  #lastRange: MemoryRange | undefined;
  #lastFile: FileSymbols | undefined;

  constructor(options: { readonly demangle: boolean }) {
    this.#options = options;
  }

  /** The file of a range; undefined when it cannot be opened, or has no functions. */
  of(pid: number, range: MemoryRange): FileSymbols | undefined {
    if (range === this.#lastRange) return this.#lastFile;
    const found = this.#find(pid, range);
    // A file that was not found may be reachable later.
    if (found) [this.#lastRange, this.#lastFile] = [range, found];
    return found;
  }

  #find(pid: number, range: MemoryRange): FileSymbols | undefined {
    const { file } = range;
    if (file === undefined) return undefined;
    const known = this.#files.get(file);
    // A file that is unreachable through an ended process may be reachable through another.
    if (known || this.#missing.get(pid)?.has(file)) return known;
    const opened = open(pid, range);
    if (opened) {
      const symbols = new FileSymbols(opened, range.path, this.#options);
      this.#files.set(file, symbols);
      return symbols;
    }
    const missing = this.#missing.get(pid);
    if (missing) missing.add(file);
    else this.#missing.set(pid, new Set([file]));
    return undefined;
  }

  /**
   * Retries files that could not be opened through a process: by now the pid may be another
   * process's.
   */
  forget(pid: number): void {
    this.#missing.delete(pid);
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) file[Symbol.dispose]();
    this.#files.clear();
    this.#lastRange = this.#lastFile = undefined;
    this.#missing.clear();
  }
}

const open = (pid: number, range: MemoryRange): ElfFunctions | undefined =>
  readMapped(pid, range, (path) => new ElfFunctions(path));

/** Reads a file that a process has mapped, by the first path that leads to it and can be read. */
export function readMapped<T>(
  pid: number,
  range: MemoryRange,
  read: (path: string) => T,
): T | undefined {
  if (isVdso(range)) return readVdso(read);
  for (const path of pathsOf(pid, range)) {
    try {
      return read(path);
    } catch (error) {
      if (!(error instanceof ErrnoError || error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}

/** Candidate paths to a file that a process has mapped, best first. */
export function pathsOf(pid: number, range: MemoryRange): string[] {
  // map_files needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, but reaches deleted files. The process
  // may have called exec meanwhile and have something else mapped there.
  const name = [range.start, range.end].map((address) => address.toString(16)).join("-");
  const paths = [`/proc/${pid}/map_files/${name}`, `/proc/${pid}/root${range.path}`, range.path];
  return paths.filter((path) => isSameFile(path, range));
}

/** Whether the path leads to the very file that was mapped. */
function isSameFile(path: string, { inode }: MemoryRange): boolean {
  const { statSync } = process.getBuiltinModule("node:fs");
  try {
    return String(statSync(path, { bigint: true }).ino) === inode;
  } catch {
    return false;
  }
}
