/**
 * Attaching to functions of programs and shared libraries.
 *
 * @module
 */

import { Errno } from "../../ffi/errno.ts";
import { ErrnoError, exists, readText } from "../../ffi/libc.ts";
import { cString } from "../../ffi/memory.ts";
import { linkUprobes } from "../../ffi/multi_link.ts";
import { attachToPerfEvent } from "../../ffi/perf_event.ts";
import { runtime } from "../../ffi/runtime.ts";
import { permissionReason, UnsupportedError } from "../errors.ts";
import type { Link } from "../link.ts";
import { type Attachable, attachError, type Explain, linkOf } from "./attachment.ts";
import { ElfFile } from "./elf_symbol.ts";
import { implementationOffset } from "./indirect.ts";
import { libraryPath, pathIn } from "./library_path.ts";
import { checkMatches, openEach, type PatternOptions } from "./many.ts";
import { functionsOf, type UserFunction } from "./user_functions.ts";

/** Where in which file to attach; one of `path` and `library` is needed. */
export interface UprobeOptions extends PatternOptions {
  /** The program or library file: an absolute path, with `pid` as that process sees it. */
  readonly path?: string;
  /**
   * A shared library: `ssl` for any libssl.so, `libssl.so.3` for that version; with `pid` the one
   * that process has mapped.
   */
  readonly library?: string;
  /** The function's symbol, also one of a separate debug file; or a pattern for many functions. */
  readonly symbol?: string | RegExp;
  /** A virtual address of the file, as `nm` and `objdump` print it, instead of a symbol. */
  readonly address?: number;
  /** Bytes into the function or from the address; without both, into the file. Default 0. */
  readonly offset?: number;
  /** Attach to the function's return instead of its entry. */
  readonly atReturn?: boolean;
  /** Only this process; default all processes, also those started later. */
  readonly pid?: number;
}

const PMU = "/sys/bus/event_source/devices/uprobe";
const ALL_PROCESSES = -1;
const ANY_CPU = -1;

/** A place in a file. */
interface Place {
  readonly path: string;
  readonly offset: number;
}

/**
 * Attaches a kprobe-type program to a user function, or to all functions of a file that match.
 *
 * A function that the dynamic linker chooses at run time (an IFUNC, such as glibc's strlen) is
 * reached in the implementation that this machine uses.
 *
 * Needs Linux >= 4.17 (perf's uprobe PMU).
 */
export function attachUprobe(program: Attachable, options: UprobeOptions): Link {
  const { atReturn = false, pid } = options;
  const kind = atReturn ? "uretprobe" : "uprobe";
  const where = `${kind} ${describe(options)}`;
  const action = `attach program "${program.name}" to ${where}`;
  const explain: Explain = (errno) => {
    if (errno === Errno.ENOENT && (pid === undefined || exists(`/proc/${pid}`))) {
      return "the file or the symbol does not exist";
    }
    if (errno === Errno.ENOENT || errno === Errno.ESRCH) return `process ${pid} does not exist`;
    if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
    return undefined;
  };
  try {
    const path = findFile(options, action);
    if (options.symbol instanceof RegExp) {
      return attachPattern(program, path, options.symbol, options, where, explain);
    }
    const place = findPlace(path, options.symbol, options, action);
    return linkOf(program, where, openUprobe(program, place, atReturn, pid, action), explain);
  } catch (error) {
    if (error instanceof ErrnoError) throw attachError(program, where, error.errno, explain);
    throw error;
  }
}

/** All matches at once where kernel and program can, else one event for each. */
function attachPattern(
  program: Attachable,
  path: string,
  pattern: RegExp,
  options: UprobeOptions,
  where: string,
  explain: Explain,
): Link {
  const { atReturn = false, pid, offset = 0 } = options;
  const action = `attach program "${program.name}" to ${where}`;
  if (offset !== 0 || options.address !== undefined) {
    throw new TypeError(`Cannot ${action}: a pattern goes without address and offset`);
  }
  const found = functionsOf(path, pattern);
  checkMatches(action, "function", found, options);
  // Linux 6.6 to 6.9 took the process for a thread there, so that is left to perf's own filter.
  if (pid === undefined) {
    const offsets = found.map((each) => each.offset);
    const multi = linkUprobes(program.fd("KPROBE", "TRACE_UPROBE_MULTI"), path, offsets, atReturn);
    const targets = found.map((each) => each.name);
    if (multi >= 0) return linkOf(program, where, multi, explain, { pinnable: true, targets });
  }
  const { result, taken } = openEach(
    found,
    ({ offset }: UserFunction) => openUprobe(program, { path, offset }, atReturn, pid, action),
  );
  return linkOf(program, where, result, explain, { targets: taken.map((each) => each.name) });
}

function openUprobe(
  program: Attachable,
  { path, offset }: Place,
  atReturn: boolean,
  pid: number | undefined,
  action: string,
): number {
  const type = uprobeType(action);
  const name = cString(path);
  const event = {
    type,
    config: atReturn ? returnFlag() : 0n,
    config1: runtime.addressOf(name),
    config2: BigInt(offset),
  };
  const fd = program.fd("KPROBE");
  const result = pid === undefined
    ? attachToPerfEvent(fd, event, ALL_PROCESSES, 0)
    : attachToPerfEvent(fd, event, pid, ANY_CPU);
  void name.length; // alive until the kernel has read the path
  return result;
}

/** The type of perf events that are uprobes. @throws {UnsupportedError} when there are none */
export function uprobeType(action: string): number {
  if (exists(PMU)) return Number(readText(`${PMU}/type`));
  throw new UnsupportedError(action, "uprobes", "this kernel has no uprobes", "4.17");
}

/** The bit of `config` that asks for the return: the kernel says which in "config:0". */
function returnFlag(): bigint {
  const bit = /config:(\d+)/.exec(readText(`${PMU}/format/retprobe`))?.[1];
  return 1n << BigInt(bit ?? 0);
}

function findPlace(
  path: string,
  symbol: string | undefined,
  { address, offset = 0 }: UprobeOptions,
  action: string,
): Place {
  if (symbol !== undefined && address !== undefined) {
    throw new TypeError(`Cannot ${action}: expected a symbol or an address, found both`);
  }
  if (symbol === undefined && address === undefined) return { path, offset };
  using file = new ElfFile(path);
  if (symbol === undefined) {
    const start = file.offsetOf(address!);
    if (start === undefined) {
      throw new RangeError(`Cannot ${action}: no code of the file is loaded at that address`);
    }
    return { path, offset: start + offset };
  }
  const found = file.function(symbol);
  if (!found) throw new ErrnoError(action, Errno.ENOENT);
  const start = found.indirect ? implementationOffset(path, symbol) : found.offset;
  if (start === undefined) {
    throw new TypeError(
      `Cannot ${action}: "${symbol}" is an indirect function, and which implementation is used ` +
        "cannot be asked here, because this process does not use that file: name the " +
        "implementation by its symbol or address",
    );
  }
  return { path, offset: start + offset };
}

function findFile({ path, library, pid }: UprobeOptions, action: string): string {
  if ((path === undefined) === (library === undefined)) {
    const found = path === undefined ? "neither" : "both";
    throw new TypeError(`Cannot ${action}: expected a path or a library, found ${found}`);
  }
  const file = path === undefined ? libraryPath(library!, pid) : pathIn(pid, path);
  if (file !== undefined) return file;
  throw new TypeError(
    `Cannot ${action}: the dynamic linker knows no ${libraryName(library!)}: ` +
      "list what it knows with ldconfig -p, or give a path",
  );
}

function describe({ path, library, symbol, address, offset = 0 }: UprobeOptions): string {
  const hex = (value: number) => `0x${value.toString(16)}`;
  const place = symbol?.toString() ?? (address === undefined ? "" : hex(address));
  const shift = offset || !place ? `+${hex(offset)}` : "";
  return `${path ?? libraryName(library ?? "").replace(/\.so$/, "")}:${place}${shift}`;
}

/** `ssl` is libssl.so; a name that has its version is whole already. */
function libraryName(library: string): string {
  const prefixed = library.startsWith("lib") && library.includes(".so") ? library : `lib${library}`;
  return prefixed.includes(".so") ? prefixed : `${prefixed}.so`;
}
