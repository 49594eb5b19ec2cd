/**
 * Common part of attaching to many functions (a pattern or a list): the limit on their number, and
 * which may be skipped.
 *
 * @module
 */

import { ENOTSUPP, Errno } from "../../ffi/libc/errno.ts";
import { close } from "../../ffi/libc/files.ts";

/** How many matches of a pattern are taken. */
export interface PatternOptions {
  /**
   * The most functions a pattern may match; more is an error, since most often it is a mistake.
   * Default 1000.
   */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 1000;
const EADDRNOTAVAIL = 99;

/** Errnos that mean "not probeable here": other functions of the pattern may still work. */
const REFUSALS: ReadonlySet<number> = new Set([
  Errno.ENOENT,
  Errno.EINVAL,
  // Several functions have that name.
  EADDRNOTAVAIL,
  // The instruction there cannot be probed.
  Errno.EOPNOTSUPP,
  ENOTSUPP,
]);

/** @throws {RangeError} when there is nothing to attach to, or more than the limit */
export function checkMatches(
  action: string,
  what: string,
  matches: readonly unknown[],
  { limit = DEFAULT_LIMIT }: PatternOptions,
): void {
  const found = matches.length;
  if (found === 0) throw new RangeError(`Cannot ${action}: no ${what} matches`);
  if (found <= limit) return;
  throw new RangeError(
    `Cannot ${action}: ${found} ${what}s match, more than the limit of ${limit}: ` +
      "narrow the pattern, or raise the option limit",
  );
}

/** The hooks that could be opened, with their descriptors; or the -errno of the failure. */
export interface Opened<T> {
  readonly result: number | readonly number[];
  readonly taken: readonly T[];
}

/**
 * Opens one hook after the other. Hooks that the kernel cannot probe are skipped. After any other
 * error, or if no hook could be opened, the result is the -errno.
 */
export function openEach<T>(
  hooks: readonly T[],
  open: (hook: T, index: number) => number,
): Opened<T> {
  const fds: number[] = [];
  const taken: T[] = [];
  let failed = -Errno.ENOENT;
  const giveUp = (error: number): Opened<T> => {
    fds.forEach(close);
    return { result: error, taken: [] };
  };
  for (const [index, hook] of hooks.entries()) {
    const fd = open(hook, index);
    if (fd >= 0) {
      fds.push(fd);
      taken.push(hook);
    } else if (REFUSALS.has(-fd)) {
      failed = fd;
    } else {
      return giveUp(fd);
    }
  }
  return fds.length > 0 ? { result: fds, taken } : giveUp(failed);
}

/**
 * Attaches by one link to all hooks. The kernel refuses the whole list for one bad entry: then the
 * list is bisected until the bad entry is alone, and dropped.
 */
export function linkParts<T>(
  hooks: readonly T[],
  link: (part: readonly T[]) => number,
): Opened<T> {
  const attempt = (part: readonly T[]): Opened<T> => {
    const fd = link(part);
    if (fd >= 0) return { result: [fd], taken: part };
    if (!MULTI_REFUSALS.has(-fd) || part.length < 2) return { result: fd, taken: [] };
    const middle = part.length >> 1;
    const first = attempt(part.slice(0, middle));
    if (isFatal(first.result)) return first;
    const second = attempt(part.slice(middle));
    if (isFatal(second.result)) fdsOf(first.result).forEach(close);
    if (isFatal(second.result) || fdsOf(first.result).length === 0) return second;
    return {
      result: [...fdsOf(first.result), ...fdsOf(second.result)],
      taken: [...first.taken, ...second.taken],
    };
  };
  return hooks.length === 0 ? { result: -Errno.ENOENT, taken: [] } : attempt(hooks);
}

/**
 * Errnos that mean "not probeable here" for multi links; EOPNOTSUPP (no such links) is not among
 * them.
 */
const MULTI_REFUSALS: ReadonlySet<number> = new Set([
  Errno.ENOENT,
  Errno.EINVAL,
  Errno.ESRCH,
  EADDRNOTAVAIL,
  ENOTSUPP,
]);

const isFatal = (result: Opened<unknown>["result"]) =>
  typeof result === "number" && !MULTI_REFUSALS.has(-result);

const fdsOf = (result: Opened<unknown>["result"]) => typeof result === "number" ? [] : result;
