/**
 * Names of open(2)'s flags.
 *
 * @module
 */

import { UsageError } from "../../toolkit/options/options.ts";

const O_ACCMODE = 0o3;
const MOST = 16; // as FLAG_FILTERS_MAX of open_flags.h

// include/uapi/asm-generic/fcntl.h
const GENERIC: Record<string, number> = {
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_NDELAY: 0o4000,
  O_DSYNC: 0o10000,
  O_ASYNC: 0o20000,
  O_NOATIME: 0o1000000,
  O_CLOEXEC: 0o2000000,
  O_SYNC: 0o4010000,
  O_RSYNC: 0o4010000,
  O_PATH: 0o10000000,
};

/** The flags whose numbers depend on the architecture: asm-generic and arch/arm64's fcntl.h. */
export const BY_ARCHITECTURE: Record<string, Record<string, number>> = {
  x64: { O_DIRECT: 0o40000, O_LARGEFILE: 0o100000, O_DIRECTORY: 0o200000, O_NOFOLLOW: 0o400000 },
  arm64: { O_DIRECTORY: 0o40000, O_NOFOLLOW: 0o100000, O_DIRECT: 0o200000, O_LARGEFILE: 0o400000 },
};

const ACCESS_MODES: Record<string, number> = { O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2 };

/** The bits that a flag is compared in, and their value; undefined for an unknown flag. */
function maskAndValue(name: string): readonly [mask: number, value: number] | undefined {
  if (Object.hasOwn(ACCESS_MODES, name)) return [O_ACCMODE, ACCESS_MODES[name]!];
  const own = BY_ARCHITECTURE[process.arch] ?? BY_ARCHITECTURE.x64!;
  const all: Record<string, number> = { ...GENERIC, ...own };
  all.O_TMPFILE = 0o20000000 | all.O_DIRECTORY!;
  const bits = Object.hasOwn(all, name) ? all[name] : undefined;
  return bits === undefined ? undefined : [bits, bits];
}

/**
 * The globals that select opens with any of the flags. O_RDONLY, which is 0, and flags of several
 * bits are matched exactly.
 *
 * @throws {UsageError} for a name that open(2) does not have
 */
export function openFlagFilters(names: readonly string[]): Record<string, unknown> {
  const filters = [...new Set(names)].map((name) => {
    const found = maskAndValue(name);
    if (!found) {
      throw new UsageError(
        `invalid value ${JSON.stringify(name)} for -f/--flag_filter: ` +
          "expected a flag of open(2), such as O_WRONLY or O_CREAT",
      );
    }
    return found;
  });
  if (filters.length > MOST) throw new UsageError(`expected at most ${MOST} different flags`);
  const column = (index: 0 | 1) => Array.from({ length: MOST }, (_, i) => filters[i]?.[index] ?? 0);
  return {
    flag_filters: filters.length,
    flag_masks: column(0),
    flag_values: column(1),
  };
}
