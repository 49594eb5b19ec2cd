/**
 * The ring of one CPU in a perf buffer, read in place.
 *
 * Layout (struct perf_event_mmap_page, include/uapi/linux/perf_event.h): a page with the kernel's
 * position `data_head` at byte 1024 and ours, `data_tail`, at 1032; then the data, a power of two
 * of pages. A record is { u32 type, u16 misc, u16 size } and its body, all a multiple of 8 bytes;
 * it may wrap around the end of the data. A sample's body is its time (u64, only when asked for), a
 * u32 length and the program's bytes; a loss record's is { u64 id, u64 lost }. For events that
 * record what processes do (option `records`), whole records are passed on, whose last eight bytes
 * are their time.
 *
 * Needs Linux >= 4.4.
 *
 * @module
 */

import { CLOCK_MONOTONIC } from "../../ffi/libc/clock.ts";
import { close } from "../../ffi/libc/files.ts";
import {
  map,
  MAP_SHARED,
  type Mapping,
  pageSize,
  PROT_READ,
  PROT_WRITE,
} from "../../ffi/libc/mmap.ts";
import {
  openPerfEvent,
  type PerfEventAttributes,
  PerfType,
  readPerfEvent,
} from "../../ffi/libc/perf_event.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { BpfError, permissionReason } from "../base/errors.ts";
import type { RecordReader } from "./event_source.ts";

const PERF_COUNT_SW_BPF_OUTPUT = 10n;
const PERF_SAMPLE_TIME = 1 << 2;
const PERF_SAMPLE_RAW = 1 << 10;
/**
 * PERF_FORMAT_LOST: read(2) returns the event's value and the number of lost samples. Since Linux
 * 6.0.
 */
const PERF_FORMAT_LOST = 1 << 4;

const HEAD = 1024;
const TAIL = 1032;
const HEADER = 8;
const RECORD_LOST = 2;
const RECORD_SAMPLE = 9;

/** What the rings of one buffer have in common. */
export interface PerfRingOptions {
  /** Pages of data, a power of two. */
  readonly pages: number;
  /** Samples between two wake-ups. */
  readonly wakeup: number;
  /** Whether samples carry their time (PERF_SAMPLE_TIME). */
  readonly timed: boolean;
  /** Another event than BPF output: its records are passed on whole, with their header. */
  readonly records?: Partial<PerfEventAttributes>;
}

/** The mapped ring of one CPU; {@linkcode PerfBuffer} is built on it. */
export class PerfRing {
  readonly fd: number;
  readonly #timed: boolean;
  readonly #whole: boolean;
  readonly #exact: boolean;
  readonly #mapping: Mapping;
  readonly #head: BigUint64Array;
  readonly #tail: BigUint64Array;
  readonly #data: DataView;
  readonly #bytes: Uint8Array;
  readonly #mask: number;
  readonly #wakeup: number;
  #scratch = new DataView(new ArrayBuffer(1024));
  #position: number;
  #produced: number;
  #released: number;
  /** Samples read so far. */
  #taken = 0;
  #told = 0;
  #dropped = 0;
  #closed = false;

  /** @throws {BpfError} @throws {ErrnoError} when the pages cannot be mapped */
  constructor(cpu: number, { pages, wakeup, timed, records }: PerfRingOptions) {
    const page = pageSize();
    const size = pages * page;
    const event = {
      type: PerfType.SOFTWARE,
      config: PERF_COUNT_SW_BPF_OUTPUT,
      samplePeriod: 1n,
      sampleType: PERF_SAMPLE_RAW | (timed ? PERF_SAMPLE_TIME : 0),
      wakeupEvents: wakeup,
      ...timed ? { clock: CLOCK_MONOTONIC } : {},
      ...records,
    };
    let fd = openPerfEvent({ ...event, readFormat: PERF_FORMAT_LOST }, -1, cpu);
    this.#exact = fd !== -Errno.EINVAL;
    if (!this.#exact) fd = openPerfEvent(event, -1, cpu);
    if (fd < 0) throw openFailure(cpu, -fd);
    this.fd = fd;
    this.#timed = timed;
    this.#whole = records !== undefined;
    this.#mask = size - 1;
    this.#wakeup = records ? 1 : wakeup;
    try {
      this.#mapping = map("a perf buffer", page + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    } catch (error) {
      close(fd);
      throw error;
    }
    const { buffer } = this.#mapping;
    this.#head = new BigUint64Array(buffer, HEAD, 1);
    this.#tail = new BigUint64Array(buffer, TAIL, 1);
    this.#data = new DataView(buffer, page, size);
    this.#bytes = new Uint8Array(buffer, page, size);
    this.#position = Number(this.#tail[0]);
    this.#produced = this.#released = this.#position;
  }

  /**
   * Samples dropped on this CPU so far; before Linux 6.0, those reported by the records read so
   * far.
   */
  get dropped(): number {
    if (!this.#closed) this.#dropped = this.#exact ? readPerfEvent(this.fd, 2)[1]! : this.#told;
    return this.#dropped;
  }

  /** Loads the kernel's position: the methods below read up to it. */
  refresh(): void {
    // The loads of records must not be reordered before this one.
    this.#produced = Number(Atomics.load(this.#head, 0));
  }

  /**
   * Whether the kernel has woken the reader for what is there: it wakes it at every `wakeup`-th
   * sample since the beginning.
   */
  isDue(): boolean {
    const produced = Number(Atomics.load(this.#head, 0));
    let missing = this.#wakeup - this.#taken % this.#wakeup;
    for (let position = this.#position; position < produced;) {
      const at = position & this.#mask;
      const isSample = this.#data.getUint32(at, true) === RECORD_SAMPLE;
      if ((isSample || this.#whole) && --missing === 0) return true;
      position += this.#data.getUint16(at + 6, true);
    }
    return false;
  }

  /** Passes on at most `limit` records and returns their number. */
  consume(read: RecordReader | undefined, limit: number): number {
    let count = 0;
    try {
      while (count < limit && this.#skipToSample()) {
        count++;
        this.#take(read);
      }
      return count;
    } finally {
      this.release();
    }
  }

  /** The time of the next sample in nanoseconds, Infinity when there is none. */
  nextTime(): number {
    if (!this.#skipToSample()) return Infinity;
    const size = this.#data.getUint16((this.#position & this.#mask) + 6, true);
    const at = this.#position + (this.#whole ? size - 8 : HEADER);
    // Aligned eight bytes never wrap.
    return this.#word(at & this.#mask);
  }

  /** Passes on the next sample, which must exist; `release` gives its space back. */
  takeNext(read: RecordReader): void {
    this.#take(read);
  }

  /** Gives the space of consumed records back to the kernel. */
  release(): void {
    // The kernel must not overwrite a record before it was read: Atomics.store is a full fence.
    if (!this.#closed) Atomics.store(this.#tail, 0, BigInt(this.#position));
    this.#released = this.#position;
  }

  /** Keeps the count of dropped samples, unmaps and closes; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#dropped = this.dropped;
    this.#closed = true;
    this.#mapping.close();
    close(this.fd);
  }

  /** Skips records that report losses; false when no sample follows. */
  #skipToSample(): boolean {
    // `read` may have closed the ring.
    while (!this.#closed && this.#position < this.#produced) {
      const at = this.#position & this.#mask;
      const type = this.#data.getUint32(at, true);
      if (type === RECORD_SAMPLE) return true;
      if (type === RECORD_LOST) this.#told += this.#word(at + 16 & this.#mask);
      else if (this.#whole) return true;
      this.#position += this.#data.getUint16(at + 6, true);
    }
    return false;
  }

  #take(read: RecordReader | undefined): void {
    // Space is given back now and then, not per record: each time costs a fence.
    if (this.#position - this.#released > this.#mask >> 3) this.release();
    const at = this.#position & this.#mask;
    const size = this.#data.getUint16(at + 6, true);
    const raw = this.#timed ? HEADER + 8 : HEADER;
    this.#position += size;
    this.#taken++;
    if (!read) return;
    if (this.#whole) {
      if (at + size <= this.#mask + 1) return read(this.#data, at, at + size);
      return read(this.#unwrap(at, size), 0, size);
    }
    if (at + size <= this.#mask + 1) {
      const start = at + raw + 4;
      return read(this.#data, start, start + this.#data.getUint32(at + raw, true));
    }
    const scratch = this.#unwrap(at, size);
    read(scratch, raw + 4, raw + 4 + scratch.getUint32(raw, true));
  }

  /** A contiguous copy of a record that wraps. */
  #unwrap(at: number, size: number): DataView {
    if (this.#scratch.byteLength < size) this.#scratch = new DataView(new ArrayBuffer(1 << 16));
    const whole = new Uint8Array(this.#scratch.buffer);
    const first = this.#bytes.subarray(at);
    whole.set(first);
    whole.set(this.#bytes.subarray(0, size - first.length), first.length);
    return this.#scratch;
  }

  #word(at: number): number {
    return this.#data.getUint32(at, true) + this.#data.getUint32(at + 4, true) * 2 ** 32;
  }
}

function openFailure(cpu: number, errno: number): BpfError {
  const reason = errno === Errno.EPERM || errno === Errno.EACCES
    ? permissionReason()
    : errno === Errno.EMFILE
    ? "too many files are open: raise the limit with ulimit -n"
    : undefined;
  return new BpfError("open", `open a perf buffer for CPU ${cpu}`, errno, reason);
}
