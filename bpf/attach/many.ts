/**
 * What attaching to all matches of a pattern has in common: how many are too many, and which of
 * them may be left out.
 *
 * @module
 */

import { ENOTSUPP, Errno } from "../../ffi/errno.ts";
import { close } from "../../ffi/libc.ts";

/** How many matches of a pattern are taken. */
export interface PatternOptions {
  /** The pattern may match so many; more are an error, since most often it is a slip. Default 1000. */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 1000;
const EADDRNOTAVAIL = 99;

/** The kernel's ways to say that it cannot probe this place, though perhaps others. */
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

/** The hooks that could be opened, and their descriptors; or the -errno for which none was. */
export interface Opened<T> {
  readonly result: number | readonly number[];
  readonly taken: readonly T[];
}

/**
 * Opens hook after hook. Those the kernel cannot probe are left out; any other error, or that none
 * is left, is the result.
 */
export function openEach<T>(hooks: readonly T[], open: (hook: T) => number): Opened<T> {
  const fds: number[] = [];
  const taken: T[] = [];
  let failed = -Errno.ENOENT;
  const giveUp = (error: number): Opened<T> => {
    fds.forEach(close);
    return { result: error, taken: [] };
  };
  for (const hook of hooks) {
    const fd = open(hook);
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
