/**
 * Many entries of a map per system call, where the kernel can (hashes and arrays since Linux 5.6,
 * per-CPU arrays 5.13, tries 5.14), and one by one elsewhere.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { ENOTSUPP, Errno } from "../../ffi/libc/errno.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import type { BpfError } from "../base/errors.ts";
import type { MapInfo } from "./map_info.ts";

const FIRST_BATCH = 4096;
const NO_BATCH: readonly number[] = [Errno.EINVAL, Errno.EOPNOTSUPP, ENOTSUPP];

/** What the functions below need to know about a map. */
export interface BatchMap<K, V> {
  readonly info: MapInfo;
  readonly key: Codec<K>;
  readonly value: Codec<V>;
  failure(op: string, errno: number): BpfError;
}

/**
 * Iterates over all entries.
 *
 * Not a generator: JITs inline `next()` and elide the result object and the pair; a generator
 * allocates both for every entry.
 */
export class Entries<K, V> extends Iterator<[K, V], undefined, void> {
  readonly #map: BatchMap<K, V>;
  readonly #op: "read" | "take";
  readonly #oneByOne: () => Iterator<[K, V], void>;
  #room: number;
  #keys!: DataView<ArrayBuffer>;
  #values!: DataView<ArrayBuffer>;
  #at = 0;
  #count = 0;
  #ended = false;
  // The kernel reads its position from one token and writes the next to the other.
  #token: Uint8Array<ArrayBuffer> | undefined;
  #nextToken: Uint8Array<ArrayBuffer> | undefined;
  #singly: Iterator<[K, V], void> | undefined;

  /**
   * @param op `read` leaves the entries in the map, `take` removes them
   * @param oneByOne yields the entries when the kernel has no batch operations for the map
   */
  constructor(map: BatchMap<K, V>, op: "read" | "take", oneByOne: () => Iterator<[K, V], void>) {
    super();
    this.#map = map;
    this.#op = op;
    this.#oneByOne = oneByOne;
    this.#room = Math.min(FIRST_BATCH, map.info.maxEntries);
    this.#makeRoom();
  }

  next(): IteratorResult<[K, V], undefined> {
    if (this.#at === this.#count && !this.#readBatch()) return this.#nextSingly();
    const { key, value } = this.#map;
    const at = this.#at++;
    const pair: [K, V] = [
      key.read(this.#keys, at * key.size),
      value.read(this.#values, at * value.size),
    ];
    return { done: false, value: pair };
  }

  /** Loads the next batch; false when there is none. */
  #readBatch(): boolean {
    const count = new Uint32Array(new ArrayBuffer(4));
    while (!this.#ended) {
      count[0] = this.#room;
      const result = this.#call(new Uint8Array(count.buffer));
      if (result === -Errno.ENOSPC) {
        // ENOSPC: one bucket of the hash holds more entries than the buffers.
        this.#room *= 2;
        this.#makeRoom();
        continue;
      }
      if (result < 0 && !this.#token && NO_BATCH.includes(-result)) {
        this.#singly = this.#oneByOne();
        this.#ended = true;
        return false;
      }
      // ENOENT marks the end; the entries that came with it are valid.
      if (result < 0 && result !== -Errno.ENOENT) throw this.#map.failure(this.#op, -result);
      this.#ended = result < 0;
      [this.#token, this.#nextToken] = [this.#nextToken, this.#token];
      this.#at = 0;
      this.#count = count[0];
      if (this.#count > 0) return true;
    }
    return false;
  }

  #makeRoom(): void {
    const { key, value } = this.#map;
    this.#keys = new DataView(alloc(this.#room * key.size).buffer);
    this.#values = new DataView(alloc(this.#room * value.size).buffer);
  }

  #call(count: Uint8Array<ArrayBuffer>): number {
    const { info, key } = this.#map;
    const lookup = this.#op === "read"
      ? libbpf().bpf_map_lookup_batch
      : libbpf().bpf_map_lookup_and_delete_batch;
    this.#nextToken ??= alloc(Math.max(key.size, 8));
    const keys = new Uint8Array(this.#keys.buffer);
    const values = new Uint8Array(this.#values.buffer);
    return lookup(info.fd, this.#token ?? null, this.#nextToken, keys, values, count, null);
  }

  #nextSingly(): IteratorResult<[K, V], undefined> {
    const result = this.#singly?.next();
    return result && !result.done ? result : { done: true, value: undefined };
  }
}

/** Writes entries; false when the kernel has no batch operations for the map. @throws {BpfError} */
export function updateBatch<K, V>(
  map: BatchMap<K, V>,
  entries: readonly (readonly [K, V])[],
): boolean {
  if (entries.length === 0) return true;
  const keys = packed(map.key, entries.map(([key]) => key));
  const values = packed(map.value, entries.map(([, value]) => value));
  const count = Uint32Array.of(entries.length);
  const counter = new Uint8Array(count.buffer);
  const result = libbpf().bpf_map_update_batch(map.info.fd, keys, values, counter, null);
  if (NO_BATCH.includes(-result)) return false;
  if (result < 0) throw map.failure("update", -result);
  return true;
}

/**
 * Removes keys and returns how many existed; undefined when the kernel has no batch operations for
 * the map.
 */
export function deleteBatch<K, V>(map: BatchMap<K, V>, keys: readonly K[]): number | undefined {
  const bytes = packed(map.key, keys);
  let removed = 0;
  // The kernel stops at a key that does not exist.
  for (let done = 0; done < keys.length;) {
    const count = new Uint32Array(new ArrayBuffer(4));
    count[0] = keys.length - done;
    const counter = new Uint8Array(count.buffer);
    const rest = bytes.subarray(done * map.key.size);
    const result = libbpf().bpf_map_delete_batch(map.info.fd, rest, counter, null);
    if (NO_BATCH.includes(-result)) return undefined;
    if (result < 0 && result !== -Errno.ENOENT) throw map.failure("delete from", -result);
    removed += count[0];
    done += count[0] + (result < 0 ? 1 : 0);
  }
  return removed;
}

function packed<T>(codec: Codec<T>, values: readonly T[]): Uint8Array<ArrayBuffer> {
  const bytes = alloc(codec.size * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => codec.write(view, i * codec.size, value));
  return bytes;
}
