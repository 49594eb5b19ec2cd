/**
 * A map of an object before it is made.
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

/** What each map in a map of maps is like. */
export interface InnerMap {
  /** Its kind. */
  readonly type: MapType;
  /** Bytes of a key. */
  readonly keySize: number;
  /** Bytes of a value. */
  readonly valueSize: number;
  /** How many entries there is room for. */
  readonly maxEntries: number;
  /** The flags that it is made with: BPF_F_… */
  readonly flags: number;
}

/** Makes an {@linkcode OpenMap}: its constructor is private, so what it takes may change. */
export let newOpenMap: (...made: [map: MapHandle, owner: Owner, object: string]) => OpenMap;

/** A map of an {@linkcode OpenObject}: it is made with what is set here. */
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

  /** Bytes of a value, of one CPU where there is one for each. */
  get valueSize(): number {
    return libbpf().bpf_map__value_size(this.#handle("look at"));
  }

  set valueSize(bytes: number) {
    const handle = this.#handle("change the values of");
    const result = libbpf().bpf_map__set_value_size(handle, this.#whole(bytes));
    this.#done("change the values of", result);
    this.#map.isResized = true;
  }

  /** Entries; of a ring buffer bytes, a power of two and a multiple of the page size. */
  get maxEntries(): number {
    return libbpf().bpf_map__max_entries(this.#handle("look at"));
  }

  set maxEntries(count: number) {
    const handle = this.#handle("change the size of");
    const result = libbpf().bpf_map__set_max_entries(handle, this.#whole(count));
    this.#done("change the size of", result);
  }

  /** The flags that it is made with: BPF_F_NO_PREALLOC (1) and others. */
  get flags(): number {
    return libbpf().bpf_map__map_flags(this.#handle("look at"));
  }

  set flags(flags: number) {
    const handle = this.#handle("change the flags of");
    const result = libbpf().bpf_map__set_map_flags(handle, this.#whole(flags));
    this.#done("change the flags of", result);
  }

  /** What some types take besides: of a Bloom filter the number of hash functions. Needs Linux >= 5.16. */
  get extra(): bigint {
    return libbpf().bpf_map__map_extra(this.#handle("look at"));
  }

  set extra(extra: bigint) {
    const handle = this.#handle("change what is special of");
    this.#done("change what is special of", libbpf().bpf_map__set_map_extra(handle, extra));
  }

  /** Whether the object's loading makes it. Default true; programs that use it have to be left out too. */
  get autocreate(): boolean {
    return libbpf().bpf_map__autocreate(this.#handle("look at")) !== 0;
  }

  set autocreate(on: boolean) {
    this.#done("leave out", libbpf().bpf_map__set_autocreate(this.#handle("leave out"), +on));
  }

  /** What the maps in a map of maps are like, as the object declares it; undefined when it does not. */
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
   * Says what the maps in a map of maps are like, once: what differs from the object's declaration, all of
   * it where there is none, or a map as an example. What is put in later has to be of the same type, sizes
   * and flags and, where it is an array or Linux < 5.10, has to have as many entries.
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
    // Not by libbpf's functions: those of 1.1 follow a null pointer of an inner map's.
    const fd = "fd" in inner ? duplicate(inner.fd) : this.#makeInner(inner);
    this.#owner.keep({ [Symbol.dispose]: () => close(fd) });
    const result = libbpf().bpf_map__set_inner_map_fd(handle, fd);
    this.#done(action, result, "it was chosen already");
    return this;
  }

  /**
   * Takes another map in its place: the one pinned at a path of a bpf file system, or one that is open.
   *
   * @throws {BpfError} when it is of another type or has keys of another size
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
