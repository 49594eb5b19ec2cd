/**
 * Maps and buffers of kernel code, for `kernel({ maps })`.
 *
 * @module
 */

import type { Codec } from "../../../ffi/codec/codec.ts";
import { struct, u32, u64 } from "../../../ffi/codec/mod.ts";
import { isPerCpu, MapType } from "../../tables/map_type.ts";

/** The role of a map in the language: it determines the methods. */
export type MapRole = "entries" | "events" | "histogram" | "stacks" | "cgroups";

/** A map created by `kernel()`. `Role`, `K` and `V` are for TypeScript's checker. */
export interface MapDefinition<Role extends MapRole, K, V> {
  /** What the map is for. */
  readonly role: Role;
  /** enum bpf_map_type. */
  readonly type: number;
  /** The keys' type. */
  readonly key: Codec<K> | undefined;
  /** The values' type. */
  readonly value: Codec<V> | undefined;
  /** Whether each CPU has a value of its own. */
  readonly isPerCpu?: boolean;
  /** Entries; bytes of a ring buffer. */
  readonly entries: number;
  /** The key of the histograms in the map. */
  readonly by?: Codec<unknown>;
  /** The global that counts what was dropped because the map was full. */
  readonly dropped?: string;
}

/** The global that counts what was dropped because the map was full. */
export const droppedName = (name: string, { dropped }: AnyMap) => dropped ?? `${name}_dropped`;

/** The key of a slot in a map of histograms. */
export interface HistogramKey<K> {
  /** What the histogram is of. */
  readonly of: K;
  /** Which values: 0 for zeros, n for those from 2^(n-1) to 2^n - 1, 64 + n for the same below 0. */
  readonly slot: number;
}

/** Any map. */
export type AnyMap = MapDefinition<MapRole, unknown, unknown>;

/** Options for the size of a map. */
export interface EntriesOptions {
  /** The number of entries. Default 10240. */
  readonly entries?: number;
  /** The name of the global that counts what was dropped. Default NAME_dropped. */
  readonly dropped?: string;
}

const ENTRIES = 10_240;
/** Frames of a stack trace, as many as perf takes by default (kernel.perf_event_max_stack). */
const FRAMES = 127;
const RING_BYTES = 256 * 1024;
/** Slots of a histogram: 0, 1, 2 to 3, 4 to 7 … of 64-bit values, and behind them -1, -3 to -2 … */
const HISTOGRAM_SLOTS = 129;
/** What is added to the slot of a negative value's magnitude. */
export const NEGATIVE_SLOTS = 64;

const entries = <K, V>(
  type: number,
  key: Codec<K>,
  value: Codec<V>,
  { entries: count = ENTRIES, dropped }: EntriesOptions = {},
): MapDefinition<"entries", K, V> => ({
  role: "entries",
  type,
  key,
  value,
  isPerCpu: isPerCpu(type),
  entries: count,
  ...dropped === undefined ? {} : { dropped },
});

/** A hash table. */
export function hash<K, V>(
  key: Codec<K>,
  value: Codec<V>,
  options: EntriesOptions = {},
): MapDefinition<"entries", K, V> {
  return entries(MapType.HASH, key, value, options);
}

/** A hash table that evicts the least recently used entries when it is full. */
export function lruHash<K, V>(
  key: Codec<K>,
  value: Codec<V>,
  options: EntriesOptions = {},
): MapDefinition<"entries", K, V> {
  return entries(MapType.LRU_HASH, key, value, options);
}

/** A hash table with a value for each CPU; {@linkcode Bpf.perCpuMap} reads it. */
export function perCpuHash<K, V>(
  key: Codec<K>,
  value: Codec<V>,
  options: EntriesOptions = {},
): MapDefinition<"entries", K, V> {
  return entries(MapType.PERCPU_HASH, key, value, options);
}

/** An array: values by index from 0, all of which exist from the beginning. */
export function arrayMap<V>(
  value: Codec<V>,
  { entries: count }: Pick<Required<EntriesOptions>, "entries">,
): MapDefinition<"entries", number, V> {
  return entries(MapType.ARRAY, u32, value, { entries: count });
}

/** An array with a value for each CPU. */
export function perCpuArray<V>(
  value: Codec<V>,
  { entries: count }: Pick<Required<EntriesOptions>, "entries">,
): MapDefinition<"entries", number, V> {
  return entries(MapType.PERCPU_ARRAY, u32, value, { entries: count });
}

/** A ring buffer: events of all CPUs in their order. Needs Linux >= 5.8. */
export function ringBuffer<T>(
  event: Codec<T>,
  { bytes = RING_BYTES }: { readonly bytes?: number } = {},
): MapDefinition<"events", never, T> {
  return { role: "events", type: MapType.RINGBUF, key: undefined, value: event, entries: bytes };
}

/** A perf buffer: one buffer per CPU. */
export function perfBuffer<T>(event: Codec<T>): MapDefinition<"events", never, T> {
  const type = MapType.PERF_EVENT_ARRAY;
  return { role: "events", type, key: undefined, value: event, entries: 0 };
}

/**
 * Counts by powers of two: slot 0 counts zeros, slot n the values from 2^(n-1) on, slot 64 + n the
 * negative values whose magnitude has n bits.
 */
export function histogram(): MapDefinition<"histogram", number, bigint>;
/** A histogram for each key: `sizes.record(bytes, comm())`. */
export function histogram<K>(
  by: Codec<K>,
  options?: EntriesOptions,
): MapDefinition<"histogram", HistogramKey<K>, bigint>;
export function histogram<K>(
  by?: Codec<K>,
  options: EntriesOptions = {},
): AnyMap {
  if (by) {
    const key = struct("histogram_key", { of: by, slot: u32 }) as unknown as Codec<unknown>;
    return { ...entries(MapType.HASH, key, u64, options), role: "histogram", by };
  }
  return {
    role: "histogram",
    type: MapType.ARRAY,
    key: u32,
    value: u64,
    entries: HISTOGRAM_SLOTS,
  };
}

/** Stack traces by their ids; {@linkcode Bpf.stacks} reads them. */
export function stackTraces(
  { entries: count = ENTRIES }: Pick<EntriesOptions, "entries"> = {},
): MapDefinition<"stacks", number, never> {
  return {
    role: "stacks",
    type: MapType.STACK_TRACE,
    key: u32,
    value: { size: 8 * FRAMES } as Codec<never>,
    entries: count,
  };
}

/** An array of cgroups by index; {@linkcode Bpf.cgroupArray} fills it. */
export function cgroupArray(
  { entries: count = 1 }: Pick<EntriesOptions, "entries"> = {},
): MapDefinition<"cgroups", number, never> {
  const value = u32 as Codec<unknown> as Codec<never>;
  return { role: "cgroups", type: MapType.CGROUP_ARRAY, key: u32, value, entries: count };
}
