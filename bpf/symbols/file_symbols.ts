/**
 * Names for places in files that processes have mapped: each file is opened once, and each place is
 * looked up once, for all processes.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { ElfFunctions } from "../elf/elf_functions.ts";
import type { InlinedCall } from "../elf/inlined.ts";
import type { SourceLine } from "../elf/line_table.ts";
import type { MemoryRange } from "../proc/process_maps.ts";
import { demangle } from "./demangle.ts";
import type { ResolvedSymbol } from "./symbol.ts";

/**
 * The code that a signal handler returns to, mov $__NR_rt_sigreturn, %eax or %x8 and the system
 * call: no call instruction is in front of it.
 */
const SIGNAL_RETURNS = process.arch === "arm64"
  ? ["681180d2010000d4"]
  : ["48c7c00f0000000f05", "b80f0000000f05"];

/** A file whose functions have names. */
export class FileSymbols implements Disposable {
  /** What the linker wrote to tell builds apart, as hexadecimal digits; undefined without it. */
  readonly buildId: string | undefined;
  readonly #elf: ElfFunctions;
  readonly #module: string;
  readonly #demangle: boolean;
  readonly #known = new Map<number, FileSymbol>();
  readonly #lines = new Map<number, SourceLine | null>();
  readonly #inlined = new Map<number, readonly InlinedCall[]>();
  readonly #signalReturns = new Map<number, boolean>();

  /** Takes the file over; `module` is its name in symbols. */
  constructor(elf: ElfFunctions, module: string, options: { readonly demangle: boolean }) {
    this.#elf = elf;
    this.#module = module;
    this.#demangle = options.demangle;
    this.buildId = elf.buildId;
    // The path may lead nowhere when the first name is asked for.
    elf.openDebugFile();
  }

  /** What is at an offset of the file. */
  at(offset: number): FileSymbol {
    let symbol = this.#known.get(offset);
    if (!symbol) this.#known.set(offset, symbol = this.#find(offset));
    return symbol;
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

  /** What lies so far behind where the file's first byte is mapped, as the program headers tell. */
  atDistance(distance: number): FileSymbol | undefined {
    const offset = this.#elf.offsetAt(distance);
    return offset === undefined ? undefined : this.at(offset);
  }

  /** Whether signal handlers return to that offset. */
  isSignalReturn(offset: number): boolean {
    let known = this.#signalReturns.get(offset);
    if (known === undefined) {
      known = SIGNAL_RETURNS.some((code) => {
        return this.#elf.bytesAt(offset, code.length / 2)?.toHex() === code;
      });
      this.#signalReturns.set(offset, known);
    }
    return known;
  }

  [Symbol.dispose](): void {
    this.#elf[Symbol.dispose]();
  }

  #find(offset: number): FileSymbol {
    const found = this.#elf.at(offset);
    const module = this.#module;
    if (!found) return { symbol: { name: undefined, offset, module }, isCertain: false };
    const name = this.#demangle ? demangle(found.name) : found.name;
    return { symbol: { name, offset: found.offset, module }, isCertain: found.size > 0 };
  }
}

/** A place in a file. */
export interface FileSymbol {
  readonly symbol: ResolvedSymbol;
  /** The file says how long the function is, and it reaches that far. */
  readonly isCertain: boolean;
}

/** The files that processes have mapped, opened when they are asked about. */
export class SymbolFiles implements Disposable {
  readonly #files = new Map<string, FileSymbols>();
  /** By process, the files that could not be opened through it. */
  readonly #missing = new Map<number, Set<string>>();
  readonly #options: { readonly demangle: boolean };

  constructor(options: { readonly demangle: boolean }) {
    this.#options = options;
  }

  /** The file that a range is of; undefined when it cannot be reached, or has no functions. */
  of(pid: number, range: MemoryRange): FileSymbols | undefined {
    const { file } = range;
    if (file === undefined) return undefined;
    const known = this.#files.get(file);
    // Out of reach for one that is gone may be there for another.
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

  /** Tries again what could not be opened through a process, which may be another one by now. */
  forget(pid: number): void {
    this.#missing.delete(pid);
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) file[Symbol.dispose]();
    this.#files.clear();
    this.#missing.clear();
  }
}

function open(pid: number, range: MemoryRange): ElfFunctions | undefined {
  for (const path of pathsOf(pid, range)) {
    try {
      return new ElfFunctions(path);
    } catch (error) {
      if (!(error instanceof ErrnoError || error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}

/** Where this process reaches the file that a process has mapped, best first. */
export function pathsOf(pid: number, range: MemoryRange): string[] {
  // map_files needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, but reaches deleted files. By now the
  // process may run another program, which has something else there.
  const name = [range.start, range.end].map((address) => address.toString(16)).join("-");
  const paths = [`/proc/${pid}/map_files/${name}`, `/proc/${pid}/root${range.path}`, range.path];
  return paths.filter((path) => isSameFile(path, range));
}

/** Whether the path leads this process to the file that was mapped. */
function isSameFile(path: string, { inode }: MemoryRange): boolean {
  const { statSync } = process.getBuiltinModule("node:fs");
  try {
    return String(statSync(path, { bigint: true }).ino) === inode;
  } catch {
    return false;
  }
}
