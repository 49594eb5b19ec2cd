/**
 * A map of an object before it is created.
 *
 * @module
 */

import { libbpf } from "../../ffi/libbpf.ts";
import { createMap } from "../../ffi/libc/bpf_syscall.ts";
import { close, duplicate } from "../../ffi/libc/files.ts";
import { BpfError } from "../base/errors.ts";
import type { KernelObject } from "../maps/object_map.ts";
import { MapType, mapTypeName } from "../tables/map_type.ts";
import { reuse, reusePinned } from "./make_map.ts";
import type { MapHandle } from "./object_file.ts";
import { numberIn, type Owner } from "./open_program.ts";

/** The inner maps of a map of maps. */
export interface InnerMap {
  /** Its kind. */
  readonly type: MapType;
  /** Bytes of a key. */
  readonly keySize: number;
  /** Bytes of a value. */
  readonly valueSize: number;
  /** The number of entries. */
  readonly maxEntries: number;
  /** The flags that it is made with: BPF_F_… */
  readonly flags: number;
}

/** Creates an {@linkcode OpenMap}; the constructor is private, so its parameters are no API. */
export let newOpenMap: (...made: [map: MapHandle, owner: Owner, object: string]) => OpenMap;

/** A map of an {@linkcode OpenObject}; it is created with what is set here. */
export class OpenMap {
  /** The map's name in C. */
  readonly name: string;
  readonly #map: MapHandle;
  readonly #owner: Owner;
  readonly #object: string;

  private constructor(map: MapHandle, owner: Owner, object: string) {
    this.name = map.name;
    this.#map = map;
    this.#owner = owner;
    this.#object = object;
  }

  static {
    newOpenMap = (...made) => new OpenMap(...made);
  }

  /** Its type as C spells it, without the prefix: `HASH`. */
  get type(): string {
    return mapTypeName(libbpf().bpf_map__type(this.#handle("look at")));
  }

  set type(type: MapType) {
    const handle = this.#handle("change the type of");
    const number = numberIn(MapType, type, `map "${this.name}"`);
    this.#done("change the type of", libbpf().bpf_map__set_type(handle, number));
  }

  /** Bytes of a key. */
  get keySize(): number {
    return libbpf().bpf_map__key_size(this.#handle("look at"));
  }

  set keySize(bytes: number) {
    const handle = this.#handle("change the keys of");
    this.#done("change the keys of", libbpf().bpf_map__set_key_size(handle, this.#whole(bytes)));
    this.#map.isResized = true;
  }

  /** Size of a value in bytes; of one CPU's value in a per-CPU map. */
  get valueSize(): number {
    return libbpf().bpf_map__value_size(this.#handle("look at"));
  }

  set valueSize(bytes: number) {
    const handle = this.#handle("change the values of");
    const result = libbpf().bpf_map__set_value_size(handle, this.#whole(bytes));
    this.#done("change the values of", result);
    this.#map.isResized = true;
  }

  /**
   * The number of entries; for a ring buffer its size in bytes, a power of two and a multiple of
   * the page size.
   */
  get maxEntries(): number {
    return libbpf().bpf_map__max_entries(this.#handle("look at"));
  }

  set maxEntries(count: number) {
    const handle = this.#handle("change the size of");
    const result = libbpf().bpf_map__set_max_entries(handle, this.#whole(count));
    this.#done("change the size of", result);
  }

  /** The flags it is created with: BPF_F_NO_PREALLOC (1) and others. */
  get flags(): number {
    return libbpf().bpf_map__map_flags(this.#handle("look at"));
  }

  set flags(flags: number) {
    const handle = this.#handle("change the flags of");
    const result = libbpf().bpf_map__set_map_flags(handle, this.#whole(flags));
    this.#done("change the flags of", result);
  }

  /**
   * An extra parameter of some types: the number of hash functions of a Bloom filter. Needs Linux
   * >= 5.16.
   */
  get extra(): bigint {
    return libbpf().bpf_map__map_extra(this.#handle("look at"));
  }

  set extra(extra: bigint) {
    const handle = this.#handle("change what is special of");
    this.#done("change what is special of", libbpf().bpf_map__set_map_extra(handle, extra));
  }

  /**
   * Whether loading the object creates it. Default true; otherwise no loaded program may use it.
   */
  get autocreate(): boolean {
    return libbpf().bpf_map__autocreate(this.#handle("look at")) !== 0;
  }

  set autocreate(on: boolean) {
    this.#done("leave out", libbpf().bpf_map__set_autocreate(this.#handle("leave out"), +on));
  }

  /** The inner maps of a map of maps as the object declares them; undefined when it does not. */
  get inner(): InnerMap | undefined {
    const lib = libbpf();
    const inner = lib.bpf_map__inner_map(this.#handle("look at"));
    if (inner === 0n) return undefined;
    return {
      type: mapTypeName(lib.bpf_map__type(inner)) as MapType,
      keySize: lib.bpf_map__key_size(inner),
      valueSize: lib.bpf_map__value_size(inner),
      maxEntries: lib.bpf_map__max_entries(inner),
      flags: lib.bpf_map__map_flags(inner),
    };
  }

  /**
   * Describes the inner maps of a map of maps, once: changes to the object's declaration, a
   * complete description where there is none, or a map as an example. Maps put in later must have
   * the same type, sizes and flags and, for arrays or before Linux 5.10, the same number of
   * entries.
   *
   * @throws {BpfError} EINVAL when there is no such map
   */
  setInner(inner: KernelObject | Partial<InnerMap>): this {
    const action = "choose the inner map of";
    const handle = this.#handle(action);
    if (!this.type.endsWith("_OF_MAPS")) {
      throw new TypeError(
        `Cannot ${action} map "${this.name}": it is a ${this.type}, no map of maps`,
      );
    }
    // Not by libbpf's functions: version 1.1 dereferences a null pointer for inner maps.
    const fd = "fd" in inner ? duplicate(inner.fd) : this.#makeInner(inner);
    this.#owner.keep({ [Symbol.dispose]: () => close(fd) });
    const result = libbpf().bpf_map__set_inner_map_fd(handle, fd);
    this.#done(action, result, "it was chosen already");
    return this;
  }

  /**
   * Replaces it by another map: one pinned at a path of a bpf file system, or one that is open.
   *
   * @throws {BpfError} when its type or key size differs
   */
  reuse(map: string | KernelObject): this {
    this.#handle("replace");
    if (typeof map === "string") reusePinned(this.#map, map, this.#object);
    else reuse(this.#map, map, this.#object);
    return this;
  }

  #makeInner(changes: Partial<InnerMap>): number {
    const { type, keySize = 0, valueSize = 0, maxEntries = 0, flags = 0 } = {
      ...this.inner,
      ...changes,
    };
    const number = numberIn(MapType, type ?? "", `the maps in "${this.name}"`);
    const sizes = { keySize, valueSize, maxEntries, flags };
    Object.values(sizes).forEach((size) => this.#whole(size));
    const fd = createMap({ name: `${this.name}.inner`, type: number, ...sizes });
    this.#done("make an inner map for", fd);
    return fd;
  }

  #handle(action: string): bigint {
    this.#owner.requireOpen(`${action} map "${this.name}"`);
    return this.#map.handle;
  }

  #whole(number: number): number {
    if (Number.isInteger(number) && number >= 0 && number < 2 ** 32) return number;
    throw new RangeError(
      `Cannot change map "${this.name}" to ${number}: expected a whole number below 2^32`,
    );
  }

  #done(action: string, result: number, reason?: string): void {
    if (result >= 0) return;
    throw new BpfError("open", `${action} map "${this.name}"`, -result, reason);
  }
}
