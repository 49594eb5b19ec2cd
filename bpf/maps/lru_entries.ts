/**
 * How large an LRU hash must be.
 *
 * @module
 */

import { possibleCpus } from "./per_cpu_value.ts";

/** LOCAL_FREE_TARGET of kernel/bpf/bpf_lru_list.c; since Linux 6.16 small maps have less. */
const RESERVED_PER_CPU = 128;

/**
 * The `maxEntries` of an LRU hash in which so many keys stay.
 *
 * The kernel hands out places to CPUs by the hundred, and forgets keys as soon as none are left, though
 * other CPUs have many that are free: with 32 CPUs a map of 1024 entries may keep 150.
 */
export function lruEntries(keys: number): number {
  return keys + RESERVED_PER_CPU * possibleCpus();
}
