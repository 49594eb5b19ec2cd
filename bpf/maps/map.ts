/**
 * Maps as typed, Map-like objects.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { ENOTSUPP, Errno } from "../../ffi/libc/errno.ts";
import { freezeMap } from "../../ffi/libc/bpf_objects.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { LayoutError } from "../../ffi/codec/layout_error.ts";
import { BpfError } from "../base/errors.ts";
import { isArray, isPerCpu, MapType, mapTypeName } from "../tables/map_type.ts";
import { type BatchMap, deleteBatch, Entries, updateBatch } from "./map_batch.ts";
import type { MapInfo } from "./map_info.ts";
import { pinDescriptor } from "../base/pin.ts";
import { type MapDetails, mapDetails } from "./map_details.ts";
import { possibleCpus, slotSize } from "./per_cpu_value.ts";

/** The kind of update: `any` writes, `create` refuses an existing key, `exist` a missing one. */
export type UpdateMode = "any" | "create" | "exist";

const UPDATE_FLAGS = { any: 0n, create: 1n, exist: 2n } as const;

/** Creates a {@linkcode BpfMap}; the constructor is private, so its parameters are no API. */
export let newBpfMap: <K, V>(
  ...made: [info: MapInfo, key: Codec<K>, value: Codec<V>]
) => BpfMap<K, V>;

/**
 * A hash or array in the kernel: plain, LRU or per-CPU. The values of a per-CPU map are arrays with
 * one element per possible CPU.
 *
 * Every method is a system call on the live map, which programs may change meanwhile.
 */
export class BpfMap<K, V> implements Iterable<[K, V]> {
  /** The map's name in C. */
  readonly name: string;
  /** How many entries there is room for. */
  readonly maxEntries: number;
  readonly #info: MapInfo;
  readonly #key: Codec<K>;
  readonly #value: Codec<V>;
  readonly #keyBytes: Uint8Array<ArrayBuffer>;
  readonly #valueBytes: Uint8Array<ArrayBuffer>;
  readonly #keyView: DataView;
  readonly #valueView: DataView;

  /** Made by {@linkcode Bpf.map}; `value` covers all CPUs for a per-CPU map. */
  private constructor(info: MapInfo, key: Codec<K>, value: Codec<V>) {
    checkSize(info, "keys", key.size, info.keySize);
    const allCpus = isPerCpu(info.type) && slotSize(info.valueSize) * possibleCpus();
    checkSize(info, "values", value.size, allCpus || info.valueSize);
    this.name = info.name;
    this.maxEntries = info.maxEntries;
    this.#info = info;
    this.#key = key;
    this.#value = value;
    this.#keyBytes = alloc(key.size);
    this.#valueBytes = alloc(value.size);
    this.#keyView = new DataView(this.#keyBytes.buffer);
    this.#valueView = new DataView(this.#valueBytes.buffer);
  }

  static {
    newBpfMap = (...made) => new BpfMap(...made);
  }

  /** The map's file descriptor, which belongs to the object: do not close it. */
  get fd(): number {
    return this.#info.fd;
  }

  /** The kind as C spells it: `HASH`, `PERCPU_ARRAY` … */
  get type(): string {
    return mapTypeName(this.#info.type);
  }

  /** The codec of its keys: `formatValue(map.keyCodec, key)` is a key as text. */
  get keyCodec(): Codec<K> {
    return this.#key;
  }

  /** The codec of its values. */
  get valueCodec(): Codec<V> {
    return this.#value;
  }

  /** The value of a key, or undefined. @throws {BpfError} */
  get(key: K): V | undefined {
    return this.#lookup(key) ? this.#value.read(this.#valueView, 0) : undefined;
  }

  /** Whether there is an entry of that key. @throws {BpfError} */
  has(key: K): boolean {
    return this.#lookup(key);
  }

  /** Writes an entry. @throws {BpfError} E2BIG when the map is full, EEXIST or ENOENT per `mode`. */
  set(key: K, value: V, mode: UpdateMode = "any"): this {
    this.#key.write(this.#keyView, 0, key);
    this.#value.write(this.#valueView, 0, value);
    const { fd } = this.#info;
    const flags = UPDATE_FLAGS[mode];
    const result = libbpf().bpf_map_update_elem(fd, this.#keyBytes, this.#valueBytes, flags);
    if (result < 0) throw this.#failure("update", -result);
    return this;
  }

  /** Removes an entry; false when there was none. @throws {BpfError} for an array */
  delete(key: K): boolean {
    this.#key.write(this.#keyView, 0, key);
    const result = libbpf().bpf_map_delete_elem(this.#info.fd, this.#keyBytes);
    if (result === -Errno.ENOENT) return false;
    if (result < 0) throw this.#failure("delete from", -result);
    return true;
  }

  /** Removes all entries; sets those of an array to zero. */
  clear(): void {
    // Collect the keys first: deleting during an iteration makes it start over.
    const keys = [...this.keys()];
    if (!isArray(this.#info.type)) return void this.deleteAll(keys);
    const zero = alloc(this.#value.size);
    for (const key of keys) {
      this.#key.write(this.#keyView, 0, key);
      libbpf().bpf_map_update_elem(this.#info.fd, this.#keyBytes, zero, UPDATE_FLAGS.any);
    }
  }

  /** The keys of all entries: see {@linkcode entries}. */
  *keys(): Generator<K, void, void> {
    for (const [key] of this.entries()) yield key;
  }

  /** The values of all entries: see {@linkcode entries}. */
  *values(): Generator<V, void, void> {
    for (const [, value] of this.entries()) yield value;
  }

  /** All entries: see {@linkcode entries}. */
  [Symbol.iterator](): IteratorObject<[K, V], undefined, void> {
    return this.entries();
  }

  /**
   * All entries, thousands per system call where the kernel has batches (Linux >= 5.6), one by one
   * elsewhere. Entries that programs add or remove meanwhile may or may not be seen.
   */
  entries(): IteratorObject<[K, V], undefined, void> {
    return new Entries(this.#batch, "read", () => this.#entriesOneByOne());
  }

  /** Like {@linkcode entries}, and removes what it yields; not for arrays. */
  lookupAndDeleteAll(): IteratorObject<[K, V], undefined, void> {
    return new Entries(this.#batch, "take", () => this.#takenOneByOne());
  }

  /** Removes an entry and returns its value; undefined when there was none. @throws {BpfError} */
  lookupAndDelete(key: K): V | undefined {
    this.#key.write(this.#keyView, 0, key);
    const { fd } = this.#info;
    const result = libbpf().bpf_map_lookup_and_delete_elem(fd, this.#keyBytes, this.#valueBytes);
    if (result === 0) return this.#value.read(this.#valueView, 0);
    if (result === -Errno.ENOENT) return undefined;
    // Hashes support it since Linux 5.14; with this fallback a program may write between the two
    // calls.
    if (result !== -ENOTSUPP && result !== -Errno.EOPNOTSUPP && result !== -Errno.EINVAL) {
      throw this.#failure("take from", -result);
    }
    const value = this.get(key);
    return this.delete(key) ? value : undefined;
  }

  /** Writes many entries, in few system calls where the kernel has batches. @throws {BpfError} */
  setAll(entries: Iterable<readonly [K, V]>): this {
    const all = [...entries];
    if (!updateBatch(this.#batch, all)) { for (const [key, value] of all) this.set(key, value); }
    return this;
  }

  /** Removes many entries and returns how many existed. @throws {BpfError} for an array */
  deleteAll(keys: Iterable<K>): number {
    const all = [...keys];
    const count = deleteBatch(this.#batch, all);
    return count ?? all.filter((key) => this.delete(key)).length;
  }

  /** Keeps the map in the kernel under a name in a bpf file system. @throws {BpfError} */
  pin(path: string): void {
    pinDescriptor(`map "${this.name}"`, this.#info.fd, path);
  }

  /**
   * Forbids all writes from user space, also by this process; programs can still write. Needs Linux
   * >= 5.2.
   *
   * @throws {BpfError} EPERM when it is frozen already, EBUSY when it is mapped to be written
   */
  freeze(): void {
    const result = freezeMap(this.#info.fd);
    if (result < 0) throw this.#failure("freeze", -result);
  }

  /** What the kernel reports about it. Needs Linux >= 4.13. @throws {BpfError} */
  get info(): MapDetails {
    return mapDetails(this.name, this.#info.fd);
  }

  *#entriesOneByOne(): Generator<[K, V], void, void> {
    let [previous, next] = [alloc(this.#key.size), alloc(this.#key.size)];
    // When a key is deleted meanwhile, the kernel starts over: the entry count bounds that. Cgroup
    // storage has no count, and ends there.
    const most = this.maxEntries || Infinity;
    for (let i = 0; i <= most; i++) {
      const result = libbpf().bpf_map_get_next_key(this.#info.fd, i === 0 ? null : previous, next);
      if (result === -Errno.ENOENT) return;
      if (result < 0) throw this.#failure("read", -result);
      const key = this.#key.read(new DataView(next.buffer), 0);
      const value = this.get(key);
      if (value !== undefined) yield [key, value];
      [previous, next] = [next, previous];
    }
  }

  *#takenOneByOne(): Generator<[K, V], void, void> {
    // Keys first: deleting under an iteration would make it start over.
    for (const key of [...this.keys()]) {
      const value = this.lookupAndDelete(key);
      if (value !== undefined) yield [key, value];
    }
  }

  #lookup(key: K): boolean {
    this.#key.write(this.#keyView, 0, key);
    const { fd } = this.#info;
    const result = libbpf().bpf_map_lookup_elem(fd, this.#keyBytes, this.#valueBytes);
    if (result === -Errno.ENOENT) return false;
    if (result < 0) throw this.#failure("read", -result);
    return true;
  }

  get #batch(): BatchMap<K, V> {
    const failure = (op: string, errno: number) => this.#failure(op, errno);
    return { info: this.#info, key: this.#key, value: this.#value, failure };
  }

  #failure(op: string, errno: number): BpfError {
    return new BpfError(op, `${op} map "${this.name}"`, errno, explain(this.#info, errno));
  }
}

/**
 * A pinned map may have other sizes than the object declares, and the kernel writes a whole value.
 */
function checkSize(info: MapInfo, what: string, codec: number, map: number): void {
  if (codec === map) return;
  throw new LayoutError(
    `Cannot read ${what} of map "${info.name}": they have ${codec} bytes in the codec and ${map} in the map`,
  );
}

const isSockMap = (type: number) => type === MapType.SOCKMAP || type === MapType.SOCKHASH;

function explain(info: MapInfo, errno: number): string | undefined {
  const kind = mapTypeName(info.type);
  switch (errno) {
    case Errno.E2BIG:
      return isArray(info.type)
        ? `its keys go from 0 to ${info.maxEntries - 1}`
        : `it is full: it has room for ${info.maxEntries} entries`;
    case Errno.EEXIST:
      return "the key exists already";
    case Errno.ENOENT:
      return "there is no such key";
    case Errno.EINVAL:
      return isArray(info.type) ? "entries of an array cannot be removed" : `is it a ${kind} map?`;
    case Errno.EBADF:
      return "the value is no open file descriptor";
    case Errno.ENOSPC:
      return isSockMap(info.type)
        ? "values of 8 bytes tell the cookies of its sockets, shorter ones nothing"
        : undefined;
    case Errno.EOPNOTSUPP:
      return `user space cannot do that with a ${kind} map`;
    case Errno.EBUSY:
      return "it is frozen already, or a process has mapped it to write";
    case Errno.EPERM:
      return "it is read-only for user space";
    default:
      return isPerCpu(info.type) ? `it is a ${kind} map` : undefined;
  }
}
