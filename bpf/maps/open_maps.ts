/**
 * Opening the maps of an object, with a method for each kind.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { type CgroupArray, newCgroupArray } from "./cgroup_array.ts";
import { type BpfMap, newBpfMap } from "./map.ts";
import { perCpu } from "./per_cpu_value.ts";
import { mapCodec } from "./map_codec.ts";
import type { MapInfo } from "./map_info.ts";
import { isPerCpu, MapType, mapTypeName } from "../tables/map_type.ts";
import { newObjectMap, type ObjectMap } from "./object_map.ts";
import { type CounterOptions, newPerfCounters, type PerfCounters } from "./perf_counters.ts";
import { type BpfQueue, newBpfQueue } from "./queue.ts";
import {
  type BuildIdStacks,
  newBuildIdStacks,
  newStackTraces,
  type StackTraces,
} from "./stack_traces.ts";
import { checkLayout } from "../../ffi/codec/check_layout.ts";
import { newUserRingBuffer, type UserRingBuffer } from "./user_ring_buffer.ts";
import { u32 } from "../../ffi/codec/mod.ts";

/** Kinds with another method, which the error suggests. */
const METHODS: Readonly<Record<number, string>> = {
  [MapType.PROG_ARRAY]: "programArray",
  [MapType.PERF_EVENT_ARRAY]: "events() or counters",
  [MapType.RINGBUF]: "events",
  [MapType.USER_RINGBUF]: "userRingBuffer",
  [MapType.STACK_TRACE]: "stacks",
  [MapType.CGROUP_ARRAY]: "cgroupArray",
  [MapType.QUEUE]: "queue",
  [MapType.STACK]: "queue",
  [MapType.ARRAY_OF_MAPS]: "mapOfMaps",
  [MapType.HASH_OF_MAPS]: "mapOfMaps",
  [MapType.STRUCT_OPS]: "attachStructOps",
};

/** Where the maps come from. */
export interface MapOwner {
  /** The map of that name. @throws {TypeError} naming those there are */
  mapInfo(name: string): MapInfo;
  /** Registers what is to be closed with the maps; the returned function removes it again. */
  own(holder: Disposable, name: string): () => void;
}

/** The part of {@linkcode Bpf} that opens maps, with a method for each kind. */
export abstract class Maps {
  readonly #owner: MapOwner;

  /** Made by {@linkcode Bpf.load} and {@linkcode Bpf.compile}. */
  protected constructor(owner: MapOwner) {
    this.#owner = owner;
  }

  /** A hash, array or trie, its codecs made from the object's BTF. */
  map(name: string): BpfMap<unknown, unknown>;
  /**
   * A hash, array or trie with these codecs, checked against the object's BTF. The keys of a trie
   * are made with {@linkcode lpmKey}.
   *
   * @throws {LayoutError} when a codec does not match
   */
  map<K, V>(name: string, key: Codec<K>, value: Codec<V>): BpfMap<K, V>;
  map(name: string, key?: Codec<unknown>, value?: Codec<unknown>): BpfMap<unknown, unknown> {
    const info = this.#owner.mapInfo(name);
    if (isPerCpu(info.type)) throw wrongKind(info, "as one value per key", "perCpuMap");
    const method = METHODS[info.type];
    if (method) throw wrongKind(info, "as keys and values", method);
    return newBpfMap(info, mapCodec(info, "key", key), mapCodec(info, "value", value));
  }

  /** A per-CPU map, its codecs made from the object's BTF. */
  perCpuMap(name: string): BpfMap<unknown, unknown[]>;
  /**
   * A per-CPU map: values are arrays with one element per possible CPU.
   *
   * @throws {LayoutError} when a codec does not match
   */
  perCpuMap<K, V>(name: string, key: Codec<K>, value: Codec<V>): BpfMap<K, V[]>;
  perCpuMap(
    name: string,
    key?: Codec<unknown>,
    value?: Codec<unknown>,
  ): BpfMap<unknown, unknown[]> {
    const info = this.#owner.mapInfo(name);
    if (!isPerCpu(info.type)) {
      throw wrongKind(info, "as per-CPU", METHODS[info.type] ?? "map");
    }
    const valueCodec = perCpu(mapCodec(info, "value", value));
    return newBpfMap(info, mapCodec(info, "key", key), valueCodec);
  }

  /** A queue or a stack, its codec made from the object's BTF. */
  queue(name: string): BpfQueue<unknown>;
  /** A queue or a stack of these values. @throws {LayoutError} when the codec does not match */
  queue<V>(name: string, value: Codec<V>): BpfQueue<V>;
  queue(name: string, value?: Codec<unknown>): BpfQueue<unknown> {
    const info = this.#kind(name, "as a queue", MapType.QUEUE, MapType.STACK);
    return newBpfQueue(info, mapCodec(info, "value", value));
  }

  /**
   * A ring buffer that this process fills and programs drain. The codec is checked against the
   * value type that the map declares. Needs Linux >= 6.1.
   *
   * @throws {LayoutError} when the codec does not match
   */
  userRingBuffer<T>(name: string, codec: Codec<T>): UserRingBuffer<T> {
    const info = this.#kind(name, "as a user ring buffer", MapType.USER_RINGBUF);
    if (info.valueType) checkLayout(`records of map "${name}"`, codec.type, info.valueType);
    const ring: UserRingBuffer<T> = newUserRingBuffer(info, codec, () => release());
    const release = this.#owner.own(ring, name);
    return ring;
  }

  /** A program array: the targets of `bpf_tail_call` by index. */
  programArray(name: string): ObjectMap<number> {
    return newObjectMap(this.#kind(name, "as a program array", MapType.PROG_ARRAY), u32);
  }

  /** An array of cgroups to test tasks and packets against. */
  cgroupArray(name: string): CgroupArray {
    return newCgroupArray(this.#kind(name, "as an array of cgroups", MapType.CGROUP_ARRAY));
  }

  /** An array or hash of maps, its key made from the object's BTF. */
  mapOfMaps(name: string): ObjectMap<unknown>;
  /** An array or hash of maps. @throws {LayoutError} when the codec does not match */
  mapOfMaps<K>(name: string, key: Codec<K>): ObjectMap<K>;
  mapOfMaps(name: string, key?: Codec<unknown>): ObjectMap<unknown> {
    const { ARRAY_OF_MAPS, HASH_OF_MAPS } = MapType;
    const info = this.#kind(name, "as a map of maps", ARRAY_OF_MAPS, HASH_OF_MAPS);
    return newObjectMap(info, mapCodec(info, "key", key));
  }

  /** The stack traces of a map. */
  stacks(name: string): StackTraces {
    return newStackTraces(this.#kind(name, "as stack traces", MapType.STACK_TRACE));
  }

  /** The stack traces of a map whose frames are build ids and offsets. */
  buildIdStacks(name: string): BuildIdStacks {
    return newBuildIdStacks(this.#kind(name, "as stack traces", MapType.STACK_TRACE));
  }

  /** Opens a perf counter on every CPU and puts them into a map. @throws {BpfError} */
  counters(name: string, options: CounterOptions): PerfCounters {
    const info = this.#kind(name, "as counters", MapType.PERF_EVENT_ARRAY);
    const counters: PerfCounters = newPerfCounters(info, options, () => release());
    const release = this.#owner.own(counters, name);
    return counters;
  }

  #kind(name: string, use: string, ...types: number[]): MapInfo {
    const info = this.#owner.mapInfo(name);
    if (types.includes(info.type)) return info;
    throw wrongKind(info, use, METHODS[info.type] ?? (isPerCpu(info.type) ? "perCpuMap" : "map"));
  }
}

function wrongKind(info: MapInfo, use: string, method: string): TypeError {
  return new TypeError(
    `Cannot open map "${info.name}" ${use}: it is a ${mapTypeName(info.type)} map: open it with ` +
      `${method}()`,
  );
}
