/**
 * Ring buffers that user space fills and programs drain with `bpf_user_ringbuf_drain`.
 *
 * Layout (kernel/bpf/ringbuf.c): a read-only page with the consumer's position; a writable page
 * with the producer's position; then the data, mapped twice in a row so that a record never wraps.
 * A record is a u32 length, a u32 that the kernel uses, and the bytes, padded to 8.
 *
 * Needs Linux >= 6.1.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { map, MAP_SHARED, pageSize, PROT_READ, PROT_WRITE } from "../../ffi/libc/mmap.ts";
import type { MapInfo } from "./map_info.ts";

const HEADER = 8;

/**
 * Creates a {@linkcode UserRingBuffer}; the constructor is private, so its parameters are no API.
 */
export let newUserRingBuffer: <T>(
  ...made: [info: MapInfo, codec: Codec<T>, onClose: () => void]
) => UserRingBuffer<T>;

/** Sends values to programs, without a system call for each. */
export class UserRingBuffer<T> implements Disposable {
  /** The map's name in C. */
  readonly name: string;
  /** The size of the data in bytes; each record takes 8 bytes more than its value. */
  readonly sizeBytes: number;
  readonly #codec: Codec<T>;
  readonly #release: () => void;
  readonly #consumer: BigUint64Array;
  readonly #producer: BigInt64Array;
  readonly #data: DataView;
  #position: number;

  /** Made by {@linkcode Bpf.userRingBuffer}. */
  private constructor(info: MapInfo, codec: Codec<T>, onClose: () => void) {
    const [page, size] = [pageSize(), info.maxEntries];
    using undo = new DisposableStack();
    const head = undo.use(map("a user ring buffer", page, PROT_READ, MAP_SHARED, info.fd));
    const [length, both] = [page + 2 * size, PROT_READ | PROT_WRITE];
    const rest = undo.use(map("a user ring buffer", length, both, MAP_SHARED, info.fd, page));
    undo.defer(onClose);
    this.name = info.name;
    this.sizeBytes = size;
    this.#codec = codec;
    this.#consumer = new BigUint64Array(head.buffer, 0, 1);
    this.#producer = new BigInt64Array(rest.buffer, 0, 1);
    this.#data = new DataView(rest.buffer, page);
    this.#position = Number(this.#producer[0]);
    const mappings = undo.move();
    this.#release = () => mappings.dispose();
  }

  static {
    newUserRingBuffer = (...made) => new UserRingBuffer(...made);
  }

  /** Adds a value; false when the buffer is full, until programs drain it. */
  push(value: T): boolean {
    const length = HEADER + (this.#codec.size + 7 & ~7);
    // The kernel only moves its position forward, so there is at least this much room.
    const used = this.#position - Number(this.#consumer[0]);
    if (used + length > this.sizeBytes) return false;
    const at = this.#position & this.sizeBytes - 1;
    this.#data.setUint32(at, this.#codec.size, true);
    this.#data.setUint32(at + 4, 0, true);
    this.#codec.write(this.#data, at + HEADER, value);
    this.#position += length;
    // Last: the kernel reads everything before the producer's position.
    Atomics.store(this.#producer, 0, BigInt(this.#position));
    return true;
  }

  /** Unmaps it; values already added remain for programs. Idempotent. */
  close(): void {
    this.#release();
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
