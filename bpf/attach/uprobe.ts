/**
 * Attaches programs to functions of executables and shared libraries with uprobes and uretprobes.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { close, exists, readText } from "../../ffi/libc/files.ts";
import { cString } from "../../ffi/libc/memory.ts";
import { linkUprobes } from "../../ffi/libc/multi_link.ts";
import { attachToPerfEvent } from "../../ffi/libc/perf_event.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { permissionReason, UnsupportedError } from "../base/errors.ts";
import type { Link } from "../base/link.ts";
import { type Attachable, attachError, type Explain, linkOf } from "./attachment.ts";
import { checkMatches, linkParts, openEach } from "./multi.ts";
import { pathIn } from "../proc/library_path.ts";
import { functionsOf, type UserFunction } from "../symbols/user_functions.ts";
import { functionNameAt, UprobeGuard } from "./uprobe_guard.ts";
import { describe, findFile, offsetIn, type UprobeOptions } from "./uprobe_options.ts";

const PMU = "/sys/bus/event_source/devices/uprobe";
const ALL_PROCESSES = -1;
const ANY_CPU = -1;

/** The upper 32 bits of `config` are the semaphore's file offset (kernel/events/core.c). */
export const SEMAPHORE_SHIFT = 32n;

/** Where in a file a uprobe is set, and its program's attach cookie. */
interface UprobeLocation {
  readonly offset: number;
  readonly semaphore?: number;
  readonly cookie?: bigint;
}

/** What does not exist: the file, or the symbol, as far as that can be determined. */
function missing({ path, pid, symbol }: UprobeOptions): string {
  if (
    path !== undefined && !exists(pathIn(pid, process.getBuiltinModule("node:path").resolve(path)))
  ) return "there is no such file";
  return typeof symbol === "string"
    ? `the file has no function ${JSON.stringify(symbol)}`
    : "the file or the symbol does not exist";
}

/**
 * Attaches a kprobe-type program to a user function, or to all functions of a file that match.
 *
 * A function that the dynamic linker chooses at run time (an IFUNC, such as glibc's strlen) is
 * probed in the implementation that this machine uses.
 *
 * On x86, functions whose first instruction the kernel would misdecode are refused, or skipped
 * among several: a uprobe there breaks the programs that call them.
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
      return missing(options);
    }
    if (errno === Errno.ENOENT || errno === Errno.ESRCH) return `process ${pid} does not exist`;
    if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
    return undefined;
  };
  try {
    const path = findFile(options, action);
    const { symbol, functions } = options;
    const offset = functions || symbol instanceof RegExp
      ? undefined
      : offsetIn(path, symbol, options, action);
    using guard = new UprobeGuard(path);
    if (functions) return attachList(program, guard, functions, options, where, explain);
    if (symbol instanceof RegExp) {
      const found = functionsOf(path, symbol, pid);
      return attachMatches(program, guard, found, options, where, explain);
    }
    if (!guard.allows(offset!)) {
      guard.check(offset!, action, symbol ?? functionNameAt(path, offset!));
    }
    const location = { offset: offset! };
    return linkOf(program, where, openUprobe(program, guard, location, options, action), explain);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    throw attachError(program, where, error.errno, (errno) => explain(errno) ?? error.reason);
  }
}

/**
 * Attaches to all matches by one uprobe.multi link if kernel and program can, else by one perf
 * event each.
 */
function attachMatches(
  program: Attachable,
  guard: UprobeGuard,
  found: readonly UserFunction[],
  options: UprobeOptions,
  where: string,
  explain: Explain,
): Link {
  const { atReturn = false, pid, offset = 0 } = options;
  const action = `attach program "${program.name}" to ${where}`;
  if (offset !== 0 || options.address !== undefined) {
    throw new TypeError(`Cannot ${action}: a pattern goes without address and offset`);
  }
  checkMatches(action, "function", found, options);
  guard.checkSome(found, action);
  const usable = found.filter(({ offset }) => guard.allows(offset));
  // uprobe.multi of Linux 6.6 to 6.9 filtered by thread instead of process, so perf events are used
  // if there is a pid.
  if (pid === undefined) {
    const offsets = usable.map((each) => each.offset);
    const fd = program.fd("KPROBE", "TRACE_UPROBE_MULTI");
    const multi = linkUprobes(fd, { path: guard.path, offsets }, atReturn);
    const targets = usable.map((each) => each.name);
    if (multi >= 0) return linkOf(program, where, multi, explain, { pinnable: true, targets });
  }
  const { result, taken } = openEach(
    usable,
    ({ offset }) => openUprobe(program, guard, { offset }, options, action),
  );
  return linkOf(program, where, result, explain, { targets: taken.map((each) => each.name) });
}

/** The cookie at each function is its index in the list. */
function attachList(
  program: Attachable,
  guard: UprobeGuard,
  functions: readonly UserFunction[],
  options: UprobeOptions,
  where: string,
  explain: Explain,
): Link {
  const { atReturn = false, pid, offset = 0, firstCookie = 0 } = options;
  const action = `attach program "${program.name}" to ${where}`;
  if (offset !== 0 || options.address !== undefined || options.symbol !== undefined) {
    throw new TypeError(`Cannot ${action}: a list goes without symbol, address and offset`);
  }
  if (program.isMulti && pid !== undefined && !knowsProcesses(program, guard.path)) {
    throw new UnsupportedError(
      action,
      "links to functions of one process",
      'this kernel takes the process for a thread: use a program of SEC("uprobe")',
      "6.10",
    );
  }
  guard.checkSome(functions, action);
  const usable = [...functions.entries()].filter(([, { offset }]) => guard.allows(offset));
  const { result, taken } = program.isMulti
    ? linkParts(usable, (part) => {
      const locations = {
        path: guard.path,
        pid,
        offsets: part.map(([, { offset }]) => offset),
        semaphores: part.map(([, { semaphore = 0 }]) => semaphore),
        cookies: part.map(([index]) => firstCookie + index),
      };
      return linkUprobes(program.fd(), locations, atReturn);
    })
    : openEach(usable, ([index, each]) => {
      const location = { ...each, cookie: BigInt(firstCookie + index) };
      return openUprobe(program, guard, location, options, action);
    });
  return linkOf(program, where, result, explain, { targets: taken.map(([, { name }]) => name) });
}

/**
 * Whether the pid filter of a uprobe.multi link means a process. Linux 6.6 to 6.9, except their
 * last stable versions, took it for a thread id; since then the id of a thread that is not the
 * first finds no process.
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
  guard: UprobeGuard,
  { offset, semaphore = 0, cookie }: UprobeLocation,
  { atReturn = false, pid }: UprobeOptions,
  action: string,
): number {
  const type = uprobeType(action);
  const name = cString(guard.path);
  const event = {
    type,
    config: (atReturn ? returnFlag() : 0n) | BigInt(semaphore) << SEMAPHORE_SHIFT,
    config1: runtime.addressOf(name),
    config2: BigInt(offset),
  };
  const fd = program.fd("KPROBE");
  const [process, cpu] = pid === undefined ? [ALL_PROCESSES, 0] : [pid, ANY_CPU];
  const result = attachToPerfEvent(fd, event, process, cpu, cookie);
  void name.length; // alive until the kernel has read the path
  return result;
}

/** The type of perf events that are uprobes. @throws {UnsupportedError} when there are none */
export function uprobeType(action: string): number {
  if (exists(PMU)) return Number(readText(`${PMU}/type`));
  throw new UnsupportedError(action, "uprobes", "this kernel has no uprobes", "4.17");
}

/** The bit of `config` that makes a uprobe a return probe, which sysfs describes as "config:0". */
function returnFlag(): bigint {
  const bit = /config:(\d+)/.exec(readText(`${PMU}/format/retprobe`))?.[1];
  return 1n << BigInt(bit ?? 0);
}
