/**
 * Listing what can be attached to: the kernel's functions and tracepoints, by pattern.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { readText } from "../../ffi/libc/files.ts";
import { requireTracefs, tracefs } from "./tracefs.ts";

const BLACKLIST = "/sys/kernel/debug/kprobes/blacklist";

/**
 * Symbols of the kernel's text that are no functions of their own: call thunks, padding, parts that
 * the compiler split off, and the marks of functions that must not be probed.
 */
const NO_FUNCTION = /^__SCT__|^__SCK__|^__pfx_|^__cfi_|^__pi_|^_kbl_addr_|\.cold(\.\d+)?$/;

/** A pattern that starts at the beginning at each test, whatever its flags. */
export function stateless(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
}

/**
 * The kernel functions whose names match: those the kernel says can be traced, without those that
 * it forbids to probe, one name for each. As always with a RegExp, `^` and `$` are needed to match
 * whole names.
 *
 * The kernel tells in tracefs and debugfs; where they cannot be read, this lists the functions of
 * /proc/kallsyms, and some of them may then turn out not to be traceable.
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
 * The functions of /proc/kallsyms by address. Of several names the kernel lists one as traceable,
 * but by the wanted ones it can be probed too: `__x64_sys_getppid` is `__ia32_sys_getppid`.
 */
function textSymbols(
  traceable: ReadonlySet<string> | undefined,
  isWanted: (name: string) => boolean,
): Map<string, string> {
  const found = new Map<string, string>();
  const reachable = new Set<string>();
  // "ffffffff81000000 T _stext", of a module with "\t[module]" behind
  for (const line of readText("/proc/kallsyms").split("\n")) {
    const name = line.slice(19).split("\t", 1)[0]!;
    if (!TEXT.test(line.charAt(17)) || NO_FUNCTION.test(name)) continue;
    // Hidden addresses are all the same.
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

/** A field of what a tracepoint records. */
export interface TracepointField {
  /** Its C type: `pid_t`, `__data_loc char[]`. */
  readonly type: string;
  /** With its size where it is an array: `comm[16]`. */
  readonly name: string;
  /** Bytes from the start of the record. */
  readonly offset: number;
  /** How many bytes it takes. */
  readonly size: number;
  /** Whether it is a signed number. */
  readonly signed: boolean;
}

/**
 * The fields of tracepoint `category/name`, without those that all have.
 *
 * @throws {UnsupportedError} without tracefs @throws {ErrnoError} when there is no such tracepoint
 */
export function tracepointFields(tracepoint: string): TracepointField[] {
  requireTracefs(`list the fields of tracepoint ${tracepoint}`);
  return parseFields(readText(`${tracefs()}/events/${tracepoint}/format`));
}

/** The fields of a format file, without those that all have. */
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

/** The lines of a file that may be absent or closed to us. */
function lines(path: string): string[] | undefined {
  try {
    return readText(path).trimEnd().split("\n");
  } catch (error) {
    if (error instanceof ErrnoError && ABSENT.has(error.errno)) return undefined;
    throw error;
  }
}

const ABSENT: ReadonlySet<number> = new Set([Errno.ENOENT, Errno.EPERM, Errno.EACCES]);
