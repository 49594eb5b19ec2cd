/**
 * Maps whose values are kernel objects: programs for tail calls, other maps, perf events.
 *
 * An entry is written as a file descriptor and read back as the object's id.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { i32, u32 } from "../../ffi/codec/mod.ts";
import { type BpfMap, newBpfMap } from "./map.ts";
import type { MapInfo } from "./map_info.ts";

/** What an entry can be: a {@linkcode Program}, a {@linkcode BpfMap}. */
export interface KernelObject {
  /** Its name in errors. */
  readonly name: string;
  /** Its descriptor. */
  readonly fd: number;
}

/** Creates an {@linkcode ObjectMap}; the constructor is private, so its parameters are no API. */
export let newObjectMap: <K>(
  ...made: [info: MapInfo, key: Codec<K>]
) => ObjectMap<K>;

/**
 * Programs or maps by key: a program array, the targets of `bpf_tail_call`, or an array or hash of
 * maps.
 *
 * A program array needs Linux >= 4.2; the kernel empties it when its last descriptor or pin goes
 * and no loaded program uses it. Maps of maps need 4.12.
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
   * Sets an entry to a program or map.
   *
   * @throws {BpfError} EINVAL when it is not of the type of the programs here, or the map differs
   * from the inner map that the object declares
   */
  set(key: K, object: KernelObject): this {
    this.#map.set(key, object.fd);
    return this;
  }

  /** The id of an entry's object, as bpftool prints it; undefined for an empty entry. */
  id(key: K): number | undefined {
    return this.#ids.get(key);
  }

  /** Clears an entry; false when it was empty. */
  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  /** Keeps the map in the kernel under a name in a bpf file system. @throws {BpfError} */
  pin(path: string): void {
    this.#map.pin(path);
  }
}
