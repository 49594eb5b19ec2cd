/**
 * Attaching to functions of programs and shared libraries.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { close, ErrnoError, exists, readText } from "../../ffi/libc/libc.ts";
import { cString } from "../../ffi/libc/memory.ts";
import { linkUprobes } from "../../ffi/libc/multi_link.ts";
import { attachToPerfEvent, linkToPerfEvent } from "../../ffi/libc/perf_event.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { permissionReason, UnsupportedError } from "../base/errors.ts";
import type { Link } from "../base/link.ts";
import { type Attachable, attachError, type Explain, linkOf } from "./attachment.ts";
import { ElfFile } from "../elf/elf_file.ts";
import { implementationOffset } from "../elf/ifunc.ts";
import { libraryPath, pathIn } from "../proc/library_path.ts";
import { checkMatches, linkParts, openEach, type PatternOptions } from "./multi.ts";
import { functionsOf, type UserFunction } from "../symbols/user_functions.ts";

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
  /**
   * Instead of a symbol, functions that were looked up: see {@linkcode userFunctions}. Each one's
   * place in this list is what `bpf_get_attach_cookie()` tells there; without one that can be
   * probed it is an error, others are left out. Needs Linux >= 5.15.
   */
  readonly functions?: readonly UserFunction[];
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

/** The upper half of `config` is where the semaphore is in the file (kernel/events/core.c). */
export const SEMAPHORE_SHIFT = 32n;

/** A place in a file. */
interface Place {
  readonly path: string;
  readonly offset: number;
  readonly semaphore?: number;
  readonly cookie?: bigint;
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
    if (options.functions) {
      return attachList(program, path, options.functions, options, where, explain);
    }
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
    const fd = program.fd("KPROBE", "TRACE_UPROBE_MULTI");
    const multi = linkUprobes(fd, { path, offsets }, atReturn);
    const targets = found.map((each) => each.name);
    if (multi >= 0) return linkOf(program, where, multi, explain, { pinnable: true, targets });
  }
  const { result, taken } = openEach(
    found,
    ({ offset }: UserFunction) => openUprobe(program, { path, offset }, atReturn, pid, action),
  );
  return linkOf(program, where, result, explain, { targets: taken.map((each) => each.name) });
}

/** Each function's place in the list is its cookie. */
function attachList(
  program: Attachable,
  path: string,
  functions: readonly UserFunction[],
  options: UprobeOptions,
  where: string,
  explain: Explain,
): Link {
  const { atReturn = false, pid, offset = 0 } = options;
  const action = `attach program "${program.name}" to ${where}`;
  if (offset !== 0 || options.address !== undefined || options.symbol !== undefined) {
    throw new TypeError(`Cannot ${action}: a list goes without symbol, address and offset`);
  }
  if (program.isMulti && pid !== undefined && !knowsProcesses(program, path)) {
    throw new UnsupportedError(
      action,
      "links to functions of one process",
      'this kernel takes the process for a thread: use a program of SEC("uprobe")',
      "6.10",
    );
  }
  const { result, taken } = program.isMulti
    ? linkParts(functions, (part) => {
      const places = {
        path,
        pid,
        offsets: part.map(([, { offset }]) => offset),
        semaphores: part.map(([, { semaphore = 0 }]) => semaphore),
        cookies: part.map(([index]) => index),
      };
      return linkUprobes(program.fd(), places, atReturn);
    })
    : openEach(functions, (each, index) => {
      const place = { path, ...each, cookie: BigInt(index) };
      return openUprobe(program, place, atReturn, pid, action);
    });
  return linkOf(program, where, result, explain, { targets: taken.map(({ name }) => name) });
}

/**
 * Whether a link's process is one. Linux 6.6 to 6.9, but for their last stable versions, took it for
 * a thread; since then no process is found by the number of a thread that is not its first.
 */
function knowsProcesses(program: Attachable, path: string): boolean {
  const threads = process.getBuiltinModule("node:fs").readdirSync("/proc/self/task").map(Number);
  const pid = threads.find((thread) => thread !== process.pid);
  if (pid === undefined) return false;
  const fd = linkUprobes(program.fd(), { path, offsets: [0], pid }, false);
  if (fd >= 0) close(fd);
  return fd === -Errno.ESRCH;
}

function openUprobe(
  program: Attachable,
  { path, offset, semaphore = 0, cookie }: Place,
  atReturn: boolean,
  pid: number | undefined,
  action: string,
): number {
  const type = uprobeType(action);
  const name = cString(path);
  const event = {
    type,
    config: (atReturn ? returnFlag() : 0n) | BigInt(semaphore) << SEMAPHORE_SHIFT,
    config1: runtime.addressOf(name),
    config2: BigInt(offset),
  };
  const fd = program.fd("KPROBE");
  const [process, cpu] = pid === undefined ? [ALL_PROCESSES, 0] : [pid, ANY_CPU];
  const result = cookie === undefined
    ? attachToPerfEvent(fd, event, process, cpu)
    : linkToPerfEvent(fd, event, process, cpu, cookie);
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

function describe(options: UprobeOptions): string {
  const { path, library, symbol, functions, address, offset = 0 } = options;
  if (functions) return `${path ?? library}:${listed(functions)}`;
  const hex = (value: number) => `0x${value.toString(16)}`;
  const place = symbol?.toString() ?? (address === undefined ? "" : hex(address));
  const shift = offset || !place ? `+${hex(offset)}` : "";
  return `${path ?? libraryName(library ?? "").replace(/\.so$/, "")}:${place}${shift}`;
}

const listed = (functions: readonly UserFunction[]) =>
  functions.length === 1 ? functions[0]!.name : `${functions.length} functions`;

/** `ssl` is libssl.so; a name that has its version is whole already. */
function libraryName(library: string): string {
  const prefixed = library.startsWith("lib") && library.includes(".so") ? library : `lib${library}`;
  return prefixed.includes(".so") ? prefixed : `${prefixed}.so`;
}
