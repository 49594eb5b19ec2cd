/**
 * Lists the kernel functions and tracepoints that can be attached to, by pattern.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { readText } from "../../ffi/libc/files.ts";
import { requireTracefs, tracefs } from "./tracefs.ts";

const BLACKLIST = "/sys/kernel/debug/kprobes/blacklist";

/**
 * Kernel text symbols that are no functions: call thunks, padding, split-off parts (.cold, .part),
 * and marker symbols of non-probeable functions.
 */
const NO_FUNCTION = /^__SCT__|^__SCK__|^__pfx_|^__cfi_|^__pi_|^_kbl_addr_|\.cold(\.\d+)?$/;

/** A copy of the pattern whose tests always start at the beginning, whatever its flags. */
export function stateless(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
}

/**
 * The kernel functions whose names match: those that can be traced, without those that must not be
 * probed, one name for each. As usual with a RegExp, use `^` and `$` to match whole names.
 *
 * The lists are in tracefs and debugfs; where these cannot be read, the functions of /proc/kallsyms
 * are listed, and some of them may turn out not to be traceable.
 *
 * @throws {ErrnoError} when there is no /proc
 */
export function kernelFunctions(pattern: RegExp): string[] {
  const wanted = stateless(pattern);
  const forbidden = new Set(lines(BLACKLIST)?.map((line) => line.slice(line.indexOf("\t") + 1)));
  const root = tracefs();
  const listed = root === undefined ? undefined : lines(`${root}/available_filter_functions`);
  const traceable = listed && new Set(listed.map((line) => line.split(" ", 1)[0]!));
  const isWanted = (name: string) => wanted.test(name) && !forbidden.has(name);
  return [...textSymbols(traceable, isWanted).values()];
}

/**
 * The functions of /proc/kallsyms by address. The kernel lists only one alias as traceable, but
 * others can be probed as well: `__x64_sys_getppid` is `__ia32_sys_getppid`.
 */
function textSymbols(
  traceable: ReadonlySet<string> | undefined,
  isWanted: (name: string) => boolean,
): Map<string, string> {
  const found = new Map<string, string>();
  const reachable = new Set<string>();
  // "ffffffff81000000 T _stext", for a module followed by "\t[module]"
  for (const line of readText("/proc/kallsyms").split("\n")) {
    const name = line.slice(19).split("\t", 1)[0]!;
    if (!TEXT.test(line.charAt(17)) || NO_FUNCTION.test(name)) continue;
    // Hidden addresses are all 0.
    const address = line.startsWith(HIDDEN) ? name : line.slice(0, 16);
    if (!traceable || traceable.has(name)) reachable.add(address);
    if (isWanted(name) && !found.has(address)) found.set(address, name);
  }
  for (const address of found.keys()) if (!reachable.has(address)) found.delete(address);
  return found;
}

const TEXT = /[tw]/i;
const HIDDEN = "0000000000000000";

/** The tracepoints `category/name` that match. @throws {UnsupportedError} without tracefs */
export function tracepoints(pattern: RegExp): string[] {
  requireTracefs("list tracepoints");
  const wanted = stateless(pattern);
  const names = readText(`${tracefs()}/available_events`).trimEnd().split("\n");
  return names.map((name) => name.replace(":", "/")).filter((name) => wanted.test(name));
}

/** A field of a tracepoint's record. */
export interface TracepointField {
  /** Its C type: `pid_t`, `__data_loc char[]`. */
  readonly type: string;
  /** With its dimension where it is an array: `comm[16]`. */
  readonly name: string;
  /** Offset in the record in bytes. */
  readonly offset: number;
  /** Size in bytes. */
  readonly size: number;
  /** Whether it is signed. */
  readonly signed: boolean;
}

/**
 * The fields of tracepoint `category/name`, without the common ones.
 *
 * @throws {UnsupportedError} without tracefs @throws {ErrnoError} when there is no such tracepoint
 */
export function tracepointFields(tracepoint: string): TracepointField[] {
  requireTracefs(`list the fields of tracepoint ${tracepoint}`);
  return parseFields(readText(`${tracefs()}/events/${tracepoint}/format`));
}

/** Parses a format file, without the common fields. */
export function parseFields(format: string): TracepointField[] {
  const fields = format.matchAll(
    /^\tfield:([^;\n]+);\toffset:(\d+);\tsize:(\d+);\tsigned:(\d);/gm,
  );
  return [...fields].map(([, declaration, offset, size, signed]) => ({
    // "char comm[16]": the last word is the name.
    type: declaration!.slice(0, declaration!.lastIndexOf(" ") + 1).trimEnd(),
    name: declaration!.slice(declaration!.lastIndexOf(" ") + 1),
    offset: Number(offset),
    size: Number(size),
    signed: signed === "1",
  })).filter(({ name }) => !name.startsWith("common_"));
}

/** The lines of a file that may be missing or unreadable. */
function lines(path: string): string[] | undefined {
  try {
    return readText(path).trimEnd().split("\n");
  } catch (error) {
    if (error instanceof ErrnoError && ABSENT.has(error.errno)) return undefined;
    throw error;
  }
}

const ABSENT: ReadonlySet<number> = new Set([Errno.ENOENT, Errno.EPERM, Errno.EACCES]);
