/**
 * The kernel's ring buffer, read in place.
 *
 * Layout (kernel/bpf/ringbuf.c): a writable page with the consumer's position; a read-only page
 * with the producer's position; then the data, mapped twice in a row so that a record never wraps.
 * A record is a u32 length, whose two upper bits are BUSY and DISCARD, a u32 that the kernel uses,
 * and the bytes, padded to 8.
 *
 * Needs Linux >= 5.8.
 *
 * @module
 */

import {
  map,
  MAP_SHARED,
  type Mapping,
  pageSize,
  PROT_READ,
  PROT_WRITE,
} from "../../ffi/libc/mmap.ts";
import type { EventSource, RecordReader } from "./event_source.ts";

const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const HEADER = 8;

/** One mapped ring buffer; the low-level reader below {@linkcode EventStream}. */
export class RingBuffer implements EventSource {
  readonly fd: number;
  readonly #mask: number;
  readonly #consumerPage: Mapping;
  readonly #producerPages: Mapping;
  readonly #consumer: BigInt64Array;
  readonly #producer: BigUint64Array;
  readonly #data: DataView;
  #position: number;
  #closed = false;

  /** Maps a ring of that size in bytes; the descriptor stays the owner's. @throws {ErrnoError} */
  constructor(fd: number, size: number) {
    this.fd = fd;
    this.#mask = size - 1;
    const page = pageSize();
    this.#consumerPage = map("a ring buffer", page, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    try {
      const length = page + 2 * size;
      this.#producerPages = map("a ring buffer", length, PROT_READ, MAP_SHARED, fd, page);
    } catch (error) {
      this.#consumerPage.close();
      throw error;
    }
    this.#consumer = new BigInt64Array(this.#consumerPage.buffer, 0, 1);
    this.#producer = new BigUint64Array(this.#producerPages.buffer, 0, 1);
    this.#data = new DataView(this.#producerPages.buffer, page);
    this.#position = Number(this.#consumer[0]);
  }

  /** False: epoll is level-triggered here and reports records for as long as there are some. */
  isDue(): boolean {
    return false;
  }

  consume(read: RecordReader | undefined, limit: number = Infinity): number {
    const data = this.#data;
    const mask = this.#mask;
    // Space is given back to the kernel now and then, not per record: each time costs a fence.
    const lap = (mask + 1) / 8;
    let position = this.#position;
    let released = position;
    let count = 0;
    try {
      for (;;) {
        // Plain loads suffice on x86-64, which does not reorder loads. Positions count bytes and
        // are exact up to 2^53.
        const produced = Number(this.#producer[0]);
        if (position >= produced || count >= limit) return count;
        while (position < produced && count < limit) {
          // `read` may have closed the ring.
          if (this.#closed) return count;
          const at = position & mask;
          const header = data.getUint32(at, true);
          if (header >= BUSY) return count;
          const length = header & ~DISCARDED;
          position += HEADER + length + 7 & ~7;
          if (header < DISCARDED) {
            count++;
            read?.(data, at + HEADER, at + HEADER + length);
          }
          if (position - released >= lap) {
            Atomics.store(this.#consumer, 0, BigInt(position));
            released = position;
          }
        }
        if (this.#closed) return count;
        // The store must be visible before the producer's position is loaded again, or a record
        // committed in between wakes nobody: Atomics.store is a full fence.
        Atomics.store(this.#consumer, 0, BigInt(position));
        released = position;
      }
    } finally {
      if (released !== position && !this.#closed) {
        Atomics.store(this.#consumer, 0, BigInt(position));
      }
      this.#position = position;
    }
  }

  /** Unmaps; idempotent. Reading afterwards throws a TypeError. */
  close(): void {
    this.#closed = true;
    this.#consumerPage.close();
    this.#producerPages.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
