/**
 * Process records of the kernel: fork, exec, executable mappings, exit, as perf(1) records them
 * beside its samples.
 *
 * Layout (enum perf_event_type, include/uapi/linux/perf_event.h): a header of 8 bytes, the process
 * id, and more as {@linkcode readRecord} reads it; the last eight bytes are the time.
 *
 * @module
 */

import { decodeText } from "../../ffi/codec/mod.ts";
import { monotonicTime } from "../../ffi/libc/clock.ts";
import { close } from "../../ffi/libc/files.ts";
import { groupOf } from "../../ffi/libc/epoll.ts";
import { onlineCpus } from "../base/cpus.ts";
import type { EventSource, RecordReader } from "../events/event_source.ts";
import { merge } from "../events/perf_buffer.ts";
import { PerfRing } from "../events/perf_ring.ts";

const PERF_COUNT_SW_DUMMY = 9n;
const PERF_SAMPLE_TIME = 1 << 2;
const [MMAP, COMM, TASK, WATERMARK] = [1 << 8, 1 << 9, 1 << 13, 1 << 14];
const [SAMPLE_ID_ALL, MMAP2, COMM_EXEC] = [1 << 18, 1 << 23, 1 << 24];
/** PERF_RECORD_MISC_COMM_EXEC: the name changed by exec. */
const MISC_COMM_EXEC = 1 << 13;
const RECORD = { COMM: 3, EXIT: 4, FORK: 7, MMAP2: 10 } as const;
const PAGES = 64;

/** A range of memory that was mapped. */
export interface MappedRange {
  readonly start: bigint;
  readonly size: bigint;
  /** Offset in the file in bytes. */
  readonly offset: number;
  /** The device as in /proc/PID/maps: `fe:01`. */
  readonly device: string;
  readonly inode: string;
  readonly path: string;
}

/** A process event; times are on the clock of `bpf_ktime_get_ns`. */
export type ProcessRecord =
  & { readonly pid: number; readonly time: number }
  & (
    | { readonly kind: "fork"; readonly parent: number }
    | { readonly kind: "exec" }
    | { readonly kind: "exit" }
    | { readonly kind: "map"; readonly range: MappedRange }
  );

/** The records of all CPUs in the order of their time. Needs Linux >= 4.1. */
export class ProcessRecords implements EventSource {
  readonly fd: number;
  readonly #rings: readonly PerfRing[];
  #closed = false;

  /** Starts recording. @throws {BpfError} */
  constructor() {
    using undo = new DisposableStack();
    this.#rings = onlineCpus().map((cpu) => undo.adopt(openRing(cpu), (ring) => ring.close()));
    this.fd = groupOf(this.#rings.map((ring) => ring.fd));
    undo.move();
  }

  /**
   * How many records were dropped so far; before Linux 6.0, those reported by the records read so
   * far.
   */
  get dropped(): number {
    return this.#rings.reduce((sum, ring) => sum + ring.dropped, 0);
  }

  isDue(): boolean {
    return this.#rings.some((ring) => ring.isDue());
  }

  consume(read: RecordReader, limit: number = Infinity): number {
    const until = monotonicTime();
    for (const ring of this.#rings) ring.refresh();
    return merge(this.#rings, read, limit, until);
  }

  /** Passes on all pending records. */
  drain(each: (record: ProcessRecord) => void): number {
    return this.consume((view, start, end) => {
      const record = readRecord(view, start, end);
      if (record) each(record);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.fd);
    for (const ring of this.#rings) ring.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function openRing(cpu: number): PerfRing {
  return new PerfRing(cpu, {
    pages: PAGES,
    wakeup: 1, // wake-up after one byte: a process may soon be gone
    timed: true,
    records: {
      config: PERF_COUNT_SW_DUMMY,
      sampleType: PERF_SAMPLE_TIME,
      flags: MMAP | COMM | TASK | WATERMARK | SAMPLE_ID_ALL | MMAP2 | COMM_EXEC,
    },
  });
}

/** Parses a record; undefined for irrelevant ones, such as a thread's. */
export function readRecord(view: DataView, start: number, end: number): ProcessRecord | undefined {
  const pid = view.getUint32(start + 8, true);
  const time = Number(view.getBigUint64(end - 8, true));
  switch (view.getUint32(start, true)) {
    case RECORD.FORK: {
      const parent = view.getUint32(start + 12, true);
      return pid === parent ? undefined : { kind: "fork", pid, time, parent };
    }
    case RECORD.COMM: {
      const isExec = view.getUint16(start + 4, true) & MISC_COMM_EXEC;
      return isExec ? { kind: "exec", pid, time } : undefined;
    }
    case RECORD.EXIT:
      return pid === view.getUint32(start + 16, true) ? { kind: "exit", pid, time } : undefined;
    case RECORD.MMAP2:
      return { kind: "map", pid, time, range: readRange(view, start, end) };
  }
  return undefined;
}

const twoDigits = (value: number) => value.toString(16).padStart(2, "0");

function readRange(view: DataView, start: number, end: number): MappedRange {
  const word = (offset: number) => view.getBigUint64(start + offset, true);
  const device = [40, 44].map((offset) => twoDigits(view.getUint32(start + offset, true)));
  return {
    start: word(16),
    size: word(24),
    offset: Number(word(32)),
    device: device.join(":"),
    inode: String(word(48)),
    path: decodeText(view, start + 72, end - 8 - (start + 72)).replace(/\0[^]*$/, ""),
  };
}
