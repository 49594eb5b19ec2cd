/**
 * Maps as typed, Map-like objects.
 *
 * @module
 */

import type { Codec } from "../ffi/codec/codec.ts";
import { ENOTSUPP, Errno } from "../ffi/errno.ts";
import { libbpf } from "../ffi/libbpf.ts";
import { alloc } from "../ffi/memory.ts";
import { BpfError } from "./errors.ts";
import { isArray, isPerCpu, mapTypeName } from "./map_type.ts";
import type { MapInfo } from "./map_setup.ts";

/** Which update is meant: `any` writes, `create` refuses an existing key, `exist` a missing one. */
export type UpdateMode = "any" | "create" | "exist";

const UPDATE_FLAGS = { any: 0n, create: 1n, exist: 2n } as const;
const FIRST_BATCH = 4096;
const NO_BATCH: readonly number[] = [Errno.EINVAL, Errno.EOPNOTSUPP, ENOTSUPP];

let cpus = 0;

/** How many CPUs the kernel may ever bring up: the length of every per-CPU value. */
export function possibleCpus(): number {
  if (cpus === 0) {
    const count = libbpf().libbpf_num_possible_cpus();
    if (count < 0) throw new BpfError("read", "count the possible CPUs", -count);
    cpus = count;
  }
  return cpus;
}

/** A per-CPU value as bpf(2) passes it: each CPU's value in a slot of whole 8 byte words. */
export function perCpu<T>(codec: Codec<T>): Codec<T[]> {
  const count = possibleCpus();
  const stride = codec.size + 7 & ~7;
  return {
    size: stride * count,
    align: 8,
    type: { kind: "array", element: codec.type, length: count },
    read(view, offset) {
      return Array.from({ length: count }, (_, cpu) => codec.read(view, offset + cpu * stride));
    },
    write(view, offset, values) {
      if (values.length !== count) {
        throw new RangeError(
          `Cannot write ${values.length} values: expected ${count}, one per CPU`,
        );
      }
      values.forEach((value, cpu) => codec.write(view, offset + cpu * stride, value));
    },
  };
}

/**
 * A hash or array in the kernel, plain, LRU or per CPU; a per-CPU map's values are arrays with one
 * element per possible CPU.
 *
 * Every method is a system call on the live map, which programs may change meanwhile.
 */
export class BpfMap<K, V> implements Iterable<[K, V]> {
  readonly name: string;
  readonly maxEntries: number;
  readonly #info: MapInfo;
  readonly #key: Codec<K>;
  readonly #value: Codec<V>;
  readonly #keyBytes: Uint8Array<ArrayBuffer>;
  readonly #valueBytes: Uint8Array<ArrayBuffer>;
  readonly #keyView: DataView;
  readonly #valueView: DataView;

  /** Made by {@linkcode Bpf.map}; `value` covers all CPUs for a per-CPU map. */
  constructor(info: MapInfo, key: Codec<K>, value: Codec<V>) {
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

  /** The kind as C spells it: `HASH`, `PERCPU_ARRAY` … */
  get type(): string {
    return mapTypeName(this.#info.type);
  }

  /** The value of a key, or undefined. @throws {BpfError} */
  get(key: K): V | undefined {
    return this.#lookup(key) ? this.#value.read(this.#valueView, 0) : undefined;
  }

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

  /** Removes an entry; false when there was none. @throws {BpfError} for an array's. */
  delete(key: K): boolean {
    this.#key.write(this.#keyView, 0, key);
    const result = libbpf().bpf_map_delete_elem(this.#info.fd, this.#keyBytes);
    if (result === -Errno.ENOENT) return false;
    if (result < 0) throw this.#failure("delete from", -result);
    return true;
  }

  /** Removes all entries; sets those of an array to zero. */
  clear(): void {
    const zero = isArray(this.#info.type) ? alloc(this.#value.size) : undefined;
    // Keys first: deleting under an iteration would make it start over.
    for (const key of [...this.keys()]) {
      if (!zero) this.delete(key);
      else {
        this.#key.write(this.#keyView, 0, key);
        libbpf().bpf_map_update_elem(this.#info.fd, this.#keyBytes, zero, UPDATE_FLAGS.any);
      }
    }
  }

  *keys(): Generator<K, void, void> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<V, void, void> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): Generator<[K, V], void, void> {
    return this.entries();
  }

  /**
   * All entries, thousands per system call where the kernel has batches (Linux >= 5.6), one by one
   * elsewhere. Entries that programs add or remove meanwhile may or may not be seen.
   */
  *entries(): Generator<[K, V], void, void> {
    const keySize = this.#key.size;
    const valueSize = this.#value.size;
    let room = Math.min(FIRST_BATCH, this.maxEntries);
    let keys = alloc(room * keySize);
    let values = alloc(room * valueSize);
    // The kernel reads where it stopped from one token and writes to the other.
    let [token, next] = [alloc(Math.max(keySize, 8)), alloc(Math.max(keySize, 8))];
    const count = new Uint32Array(new ArrayBuffer(4));
    for (let first = true;;) {
      count[0] = room;
      const result = libbpf().bpf_map_lookup_batch(
        this.#info.fd,
        first ? null : token,
        next,
        keys,
        values,
        new Uint8Array(count.buffer),
        null,
      );
      if (result === -Errno.ENOSPC) {
        // One bucket of the hash holds more than there is room for.
        room *= 2;
        keys = alloc(room * keySize);
        values = alloc(room * valueSize);
        continue;
      }
      if (first && NO_BATCH.includes(-result)) return yield* this.#entriesOneByOne();
      if (result < 0 && result !== -Errno.ENOENT) throw this.#failure("read", -result);
      const keyView = new DataView(keys.buffer);
      const valueView = new DataView(values.buffer);
      for (let i = 0; i < count[0]; i++) {
        yield [this.#key.read(keyView, i * keySize), this.#value.read(valueView, i * valueSize)];
      }
      // ENOENT ends the map; the entries that came with it count.
      if (result === -Errno.ENOENT) return;
      first = false;
      [token, next] = [next, token];
    }
  }

  *#entriesOneByOne(): Generator<[K, V], void, void> {
    let [previous, next] = [alloc(this.#key.size), alloc(this.#key.size)];
    // A key that vanishes meanwhile makes the kernel start over: the count bounds that.
    for (let i = 0; i <= this.maxEntries; i++) {
      const result = libbpf().bpf_map_get_next_key(this.#info.fd, i === 0 ? null : previous, next);
      if (result === -Errno.ENOENT) return;
      if (result < 0) throw this.#failure("read", -result);
      const key = this.#key.read(new DataView(next.buffer), 0);
      const value = this.get(key);
      if (value !== undefined) yield [key, value];
      [previous, next] = [next, previous];
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

  #failure(op: string, errno: number): BpfError {
    return new BpfError(op, `${op} map "${this.name}"`, errno, explain(this.#info, errno));
  }
}

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
    case Errno.EPERM:
      return "it is read-only for user space";
    default:
      return isPerCpu(info.type) ? `it is a ${kind} map` : undefined;
  }
}
