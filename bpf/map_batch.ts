/**
 * Many entries of a map per system call, where the kernel can (hashes and arrays since Linux 5.6,
 * per-CPU arrays 5.13, tries 5.14), and one by one elsewhere.
 *
 * @module
 */

import type { Codec } from "../ffi/codec/codec.ts";
import { ENOTSUPP, Errno } from "../ffi/errno.ts";
import { libbpf } from "../ffi/libbpf.ts";
import { alloc } from "../ffi/memory.ts";
import type { BpfError } from "./errors.ts";
import type { MapInfo } from "./map_setup.ts";

const FIRST_BATCH = 4096;
const NO_BATCH: readonly number[] = [Errno.EINVAL, Errno.EOPNOTSUPP, ENOTSUPP];

/** What the functions below need of a map. */
export interface BatchMap<K, V> {
  readonly info: MapInfo;
  readonly key: Codec<K>;
  readonly value: Codec<V>;
  failure(op: string, errno: number): BpfError;
}

/**
 * Yields all entries.
 *
 * It is what callers iterate over, with nothing in between: another generator around it would cost
 * an entry as much as decoding it.
 *
 * @param op `read` leaves the entries in the map, `take` removes them
 * @param oneByOne yields the entries when this kernel has no batches for the map
 */
export function* readBatches<K, V>(
  map: BatchMap<K, V>,
  op: "read" | "take",
  oneByOne: () => Iterable<[K, V]>,
): Generator<[K, V], void, void> {
  const lookup = op === "read"
    ? libbpf().bpf_map_lookup_batch
    : libbpf().bpf_map_lookup_and_delete_batch;
  const { size: keySize } = map.key;
  const { size: valueSize } = map.value;
  let room = Math.min(FIRST_BATCH, map.info.maxEntries);
  let keys = alloc(room * keySize);
  let values = alloc(room * valueSize);
  // The kernel reads where it stopped from one token and writes to the other.
  let [token, next] = [alloc(Math.max(keySize, 8)), alloc(Math.max(keySize, 8))];
  const count = new Uint32Array(new ArrayBuffer(4));
  for (let first = true;;) {
    count[0] = room;
    const { fd } = map.info;
    const counter = new Uint8Array(count.buffer);
    const result = lookup(fd, first ? null : token, next, keys, values, counter, null);
    if (result === -Errno.ENOSPC) {
      // One bucket of the hash holds more than there is room for.
      room *= 2;
      keys = alloc(room * keySize);
      values = alloc(room * valueSize);
      continue;
    }
    if (first && NO_BATCH.includes(-result)) return yield* oneByOne();
    if (result < 0 && result !== -Errno.ENOENT) throw map.failure(op, -result);
    const keyView = new DataView(keys.buffer);
    const valueView = new DataView(values.buffer);
    for (let i = 0; i < count[0]; i++) {
      yield [map.key.read(keyView, i * keySize), map.value.read(valueView, i * valueSize)];
    }
    // ENOENT ends the map; the entries that came with it count.
    if (result === -Errno.ENOENT) return;
    first = false;
    [token, next] = [next, token];
  }
}

/** Writes entries; false when this kernel has no batches for the map. @throws {BpfError} */
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

/** Removes keys; undefined when this kernel has no batches for the map, else how many there were. */
export function deleteBatch<K, V>(map: BatchMap<K, V>, keys: readonly K[]): number | undefined {
  const bytes = packed(map.key, keys);
  let removed = 0;
  // The kernel stops at a key that is not there.
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
