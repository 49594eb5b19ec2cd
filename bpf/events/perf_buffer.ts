/**
 * Perf buffers: what programs send with `bpf_perf_event_output`, bcc's `BPF_PERF_OUTPUT`.
 *
 * A perf buffer is a ring per CPU, each behind an entry of a map of type PERF_EVENT_ARRAY. The
 * kernel pads what a program sends: a record's length is the smallest 8n+4 that holds it, so one
 * without a fixed size has to carry its length.
 *
 * @module
 */

import { monotonicTime } from "../../ffi/libc/clock.ts";
import { close } from "../../ffi/libc/files.ts";
import { groupOf } from "../../ffi/libc/epoll.ts";
import { onlineCpus } from "../base/cpus.ts";
import { clearCpuSlot, setCpuSlot } from "../maps/cpu_slots.ts";
import { BpfError } from "../base/errors.ts";
import type { EventSource, RecordReader } from "./event_source.ts";
import type { MapInfo } from "../maps/map_info.ts";
import { PerfRing } from "./perf_ring.ts";

/** How a perf buffer is made; a ring buffer has its size from the object and order by itself. */
export interface PerfBufferOptions {
  /** Pages per CPU, a power of two. Default 64. */
  readonly pages?: number;
  /** Samples on one CPU between two wake-ups; default 1. More costs less, and events come later. */
  readonly wakeup?: number;
  /**
   * Hand events over by their time, across CPUs; needs Linux >= 4.1. Events of which one caused
   * the other come in that order; a drain leaves those sent after it began to the next one.
   */
  readonly ordered?: boolean;
}

const DEFAULT_PAGES = 64;

/** Rings for all CPUs that are online; a low-level reader, {@linkcode EventStream} stands on it. */
export class PerfBuffer implements EventSource {
  readonly fd: number;
  readonly #map: MapInfo;
  readonly #rings = new Map<number, PerfRing>();
  readonly #ordered: boolean;
  #first = 0;
  #closed = false;

  /** Makes the rings and puts them in the map. @throws {RangeError} @throws {BpfError} */
  constructor(map: MapInfo, options: PerfBufferOptions = {}) {
    const { pages = DEFAULT_PAGES, wakeup = 1, ordered = false } = options;
    const action = `open perf buffer "${map.name}"`;
    if (!Number.isInteger(pages) || pages < 1 || Math.log2(pages) % 1 !== 0 || pages > 1 << 18) {
      throw new RangeError(`Cannot ${action} with ${pages} pages: expected a power of two`);
    }
    if (!Number.isInteger(wakeup) || wakeup < 1 || wakeup > 0xffff_ffff) {
      throw new RangeError(`Cannot ${action} with wakeup ${wakeup}: expected 1 or more`);
    }
    this.#map = map;
    this.#ordered = ordered;
    using undo = new DisposableStack();
    undo.defer(() => this.#release());
    for (const cpu of onlineCpus()) {
      const ring = new PerfRing(cpu, { pages, wakeup, timed: ordered });
      this.#rings.set(cpu, ring);
      const result = setCpuSlot(map, cpu, ring.fd);
      if (result < 0) {
        throw new BpfError(
          "open",
          `${action} for CPU ${cpu}`,
          -result,
          cpu < map.maxEntries ? undefined : `the map has room for ${map.maxEntries} CPUs`,
        );
      }
    }
    this.fd = groupOf([...this.#rings.values()].map((ring) => ring.fd));
    undo.move();
  }

  /** How many samples found no room so far, on all CPUs. */
  get dropped(): number {
    return this.#rings.values().reduce((sum, ring) => sum + ring.dropped, 0);
  }

  isDue(): boolean {
    return this.#rings.values().some((ring) => ring.isDue());
  }

  consume(read: RecordReader | undefined, limit: number = Infinity): number {
    // Taken before the rings are looked at: what is older than this has been seen by then.
    const until = this.#ordered ? monotonicTime() : 0;
    const rings = [...this.#rings.values()];
    for (const ring of rings) ring.refresh();
    if (this.#ordered) return merge(rings, read ?? (() => {}), limit, until);
    let count = 0;
    for (let i = 0; i < rings.length && count < limit; i++) {
      count += rings[this.#first]!.consume(read, limit - count);
      // With a limit the next call goes on here, or one CPU would keep the others waiting.
      if (count < limit) this.#first = (this.#first + 1) % rings.length;
    }
    return count;
  }

  /** Takes the rings out of the map and unmaps them; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.fd);
    this.#release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #release(): void {
    for (const [cpu, ring] of this.#rings) {
      clearCpuSlot(this.#map, cpu);
      ring.close();
    }
  }
}

/** Hands over the samples of all rings by their time, up to a time. */
export function merge(
  rings: readonly PerfRing[],
  read: RecordReader,
  limit: number,
  until: number,
): number {
  const times = rings.map((ring) => ring.nextTime());
  let count = 0;
  try {
    while (count < limit) {
      const time = Math.min(...times);
      if (time > until) break;
      const next = times.indexOf(time);
      count++;
      rings[next]!.takeNext(read);
      times[next] = rings[next]!.nextTime();
    }
    return count;
  } finally {
    for (const ring of rings) ring.release();
  }
}
