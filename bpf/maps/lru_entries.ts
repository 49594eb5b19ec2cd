/**
 * How large an LRU hash must be to keep a number of keys.
 *
 * @module
 */

import { possibleCpus } from "./per_cpu_value.ts";

/** LOCAL_FREE_TARGET of kernel/bpf/bpf_lru_list.c; since Linux 6.16 it is less for small maps. */
const RESERVED_PER_CPU = 128;

/**
 * The `maxEntries` of an LRU hash that keeps at least that many keys.
 *
 * The kernel hands out free entries to CPUs by the hundred, and evicts keys when its global list is
 * empty, though other CPUs still hold many free entries: with 32 CPUs a map of 1024 entries may
 * keep 150.
 */
export function lruEntries(keys: number): number {
  return keys + RESERVED_PER_CPU * possibleCpus();
}
