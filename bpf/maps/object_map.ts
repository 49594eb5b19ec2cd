/**
 * Maps whose values are kernel objects: programs for tail calls, other maps, perf events.
 *
 * The kernel takes a file descriptor when an entry is written and tells an id when it is read.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { i32, u32 } from "../../ffi/codec/mod.ts";
import { type BpfMap, newBpfMap } from "./map.ts";
import type { MapInfo } from "./map_info.ts";

/** What can be put in: a {@linkcode Program}, a {@linkcode BpfMap}. */
export interface KernelObject {
  /** What errors call it. */
  readonly name: string;
  /** Its descriptor, which the kernel takes the object from. */
  readonly fd: number;
}

/** Makes a {@linkcode ObjectMap}: its constructor is private, so what it takes may change. */
export let newObjectMap: <K>(
  ...made: [info: MapInfo, key: Codec<K>]
) => ObjectMap<K>;

/**
 * Programs or maps by key: a program array, whose programs are reached with `bpf_tail_call`, or an
 * array or hash of maps.
 *
 * A program array needs Linux >= 4.2 and forgets its programs when no program uses it and its last
 * holder closes it; maps of maps need 4.12.
 */
export class ObjectMap<K> {
  readonly #map: BpfMap<K, number>;
  readonly #ids: BpfMap<K, number>;

  /** Made by {@linkcode Bpf.programArray} and {@linkcode Bpf.mapOfMaps}. */
  private constructor(info: MapInfo, key: Codec<K>) {
    this.#map = newBpfMap(info, key, i32);
    this.#ids = newBpfMap(info, key, u32);
  }

  static {
    newObjectMap = (...made) => new ObjectMap(...made);
  }

  /** The map's name in C. */
  get name(): string {
    return this.#map.name;
  }

  /** How many objects there is room for. */
  get maxEntries(): number {
    return this.#map.maxEntries;
  }

  /**
   * Puts a program or map in the place of what is there.
   *
   * @throws {BpfError} EINVAL when it is not of the type that the programs here have, or the map not
   * made like the inner map that the object declares
   */
  set(key: K, object: KernelObject): this {
    this.#map.set(key, object.fd);
    return this;
  }

  /** The kernel's id of what is there, as bpftool prints it; undefined for an empty place. */
  id(key: K): number | undefined {
    return this.#ids.get(key);
  }

  /** Empties a place; false when it was empty. */
  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  /** Keeps the map in the kernel under a name in a bpf file system. @throws {BpfError} */
  pin(path: string): void {
    this.#map.pin(path);
  }
}
