/**
 * Options of tools that sum time off the CPU: which threads, and how long they were blocked.
 *
 * @module
 */

import { flag, number, UsageError, type Values } from "../options/options.ts";
import { idList } from "./stack_options.ts";

const NS_PER_USEC = 1000;
const ANY_NS = 0xffff_ffff_ffff_ffffn;

const usecs = { meta: "USECS", what: "a time in microseconds", min: 1, max: 1e12 };

/** How long a thread was blocked. */
export const blockTimeOptions = {
  least: number({
    short: "m",
    long: "min-block-time",
    help: "the amount of time in microseconds over which we store traces (default 1)",
    ...usecs,
  }),
  most: number({
    short: "M",
    long: "max-block-time",
    help: "the amount of time in microseconds under which we store traces (default: any)",
    ...usecs,
  }),
} as const;

/** Which threads. */
export const threadOptions = {
  pids: idList({
    short: "p",
    long: "pid",
    meta: "PIDS",
    help: "trace these PIDs only, comma separated list",
  }),
  tids: idList({
    short: "t",
    long: "tid",
    meta: "TIDS",
    help: "trace these TIDs only, comma separated list",
  }),
  userThreads: flag({
    short: "u",
    long: "user-threads-only",
    help: "user threads only (no kernel threads)",
  }),
  kernelThreads: flag({
    short: "k",
    long: "kernel-threads-only",
    help: "kernel threads only (no user threads)",
  }),
} as const;

/** Why a thread left the CPU. */
export const stateOption = number({
  long: "state",
  meta: "STATE",
  help: "filter on this thread state bitmask (e.g., 2: uninterruptible; 0: could have run on)",
  what: "a bitmask of states (include/linux/sched.h)",
  min: 0,
  max: 0xffffffff,
});

/** @throws {UsageError} for more than one option that selects threads */
export function checkThreads(
  { pids, tids, userThreads, kernelThreads }: Values<typeof threadOptions>,
): void {
  const given = [pids, tids, userThreads || undefined, kernelThreads || undefined];
  if (given.filter(Boolean).length <= 1) return;
  throw new UsageError(
    "use one of -p/--pid, -t/--tid, -u/--user-threads-only and -k/--kernel-threads-only",
  );
}

/** A description of the selected threads. */
export function threadsText(
  { pids, tids, userThreads, kernelThreads }: Values<typeof threadOptions>,
): string {
  if (pids) return `PIDs ${pids.join(",")}`;
  if (tids) return `TIDs ${tids.join(",")}`;
  return userThreads ? "user threads" : kernelThreads ? "kernel threads" : "all threads";
}

/** The globals of the block time filters. */
export function blockTimes({ least = 1, most }: Values<typeof blockTimeOptions>) {
  return {
    least_ns: BigInt(least) * BigInt(NS_PER_USEC),
    // A microsecond more: bcc compares times rounded down.
    most_ns: most === undefined ? ANY_NS : BigInt(most + 1) * BigInt(NS_PER_USEC) - 1n,
  };
}

/** The globals of off_cpu.h. */
export function offCpuSettings(
  values:
    & Values<typeof blockTimeOptions & typeof threadOptions>
    & { readonly state: number | undefined },
) {
  return {
    user_threads: !values.kernelThreads,
    kernel_threads: !values.userThreads,
    by_state: values.state !== undefined,
    state_mask: values.state ?? 0,
    ...blockTimes(values),
  };
}
