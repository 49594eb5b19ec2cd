/**
 * Map types by their numbers in the kernel.
 *
 * @module
 */

/** enum bpf_map_type (include/uapi/linux/bpf.h), those that this library handles by name. */
export const MapType = {
  HASH: 1,
  ARRAY: 2,
  PROG_ARRAY: 3,
  PERF_EVENT_ARRAY: 4,
  PERCPU_HASH: 5,
  PERCPU_ARRAY: 6,
  STACK_TRACE: 7,
  CGROUP_ARRAY: 8,
  LRU_HASH: 9,
  LRU_PERCPU_HASH: 10,
  LPM_TRIE: 11,
  ARRAY_OF_MAPS: 12,
  HASH_OF_MAPS: 13,
  DEVMAP: 14,
  SOCKMAP: 15,
  CPUMAP: 16,
  XSKMAP: 17,
  SOCKHASH: 18,
  CGROUP_STORAGE: 19,
  REUSEPORT_SOCKARRAY: 20,
  PERCPU_CGROUP_STORAGE: 21,
  QUEUE: 22,
  STACK: 23,
  SK_STORAGE: 24,
  DEVMAP_HASH: 25,
  STRUCT_OPS: 26,
  RINGBUF: 27,
  INODE_STORAGE: 28,
  TASK_STORAGE: 29,
  BLOOM_FILTER: 30,
  USER_RINGBUF: 31,
  CGRP_STORAGE: 32,
  ARENA: 33,
} as const;

/** A map type's name. */
export type MapType = keyof typeof MapType;

/** The name of a map type as C spells it, without its prefix: `HASH`. */
export function mapTypeName(type: number): string {
  const found = Object.entries(MapType).find(([, number]) => number === type);
  return found?.[0] ?? `type ${type}`;
}

/** Whether the map has a value per CPU. */
export function isPerCpu(type: number): boolean {
  return type === MapType.PERCPU_HASH || type === MapType.PERCPU_ARRAY ||
    type === MapType.LRU_PERCPU_HASH || type === MapType.PERCPU_CGROUP_STORAGE;
}

/** Whether keys are indices from 0 to the number of entries, all of which exist. */
export function isArray(type: number): boolean {
  return type === MapType.ARRAY || type === MapType.PERCPU_ARRAY;
}

/** Map types besides arrays whose keys are indices, of entries that may be empty. */
const INDEXED: readonly number[] = [
  MapType.PROG_ARRAY,
  MapType.PERF_EVENT_ARRAY,
  MapType.CGROUP_ARRAY,
  MapType.ARRAY_OF_MAPS,
  MapType.DEVMAP,
  MapType.SOCKMAP,
  MapType.CPUMAP,
  MapType.XSKMAP,
];

/** Whether keys are indices, whether or not entries exist. */
export function isIndexed(type: number): boolean {
  return isArray(type) || INDEXED.includes(type);
}
