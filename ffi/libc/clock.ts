/**
 * Kernel clocks: clock_gettime(2).
 *
 * @module
 */

import { libc } from "./libc.ts";

/** CLOCK_MONOTONIC: what `bpf_ktime_get_ns` tells too. */
export const CLOCK_MONOTONIC = 1;

const timespec = new BigInt64Array(new ArrayBuffer(16));
const timespecBytes = new Uint8Array(timespec.buffer);

/** The time on the monotonic clock, in nanoseconds since boot; exact until 104 days of uptime. */
export function monotonicTime(): number {
  libc().clock_gettime(CLOCK_MONOTONIC, timespecBytes);
  return Number(timespec[0]! * 1_000_000_000n + timespec[1]!);
}
