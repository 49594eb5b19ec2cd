/**
 * Perf buffers: what programs send with `bpf_perf_event_output`, bcc's `BPF_PERF_OUTPUT`.
 *
 * A perf buffer is one ring per CPU, each in an entry of a PERF_EVENT_ARRAY map. The kernel pads
 * what a program sends to the next length of the form 8n+4, so a record of variable size has to
 * carry its length.
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

/** Options of a perf buffer; a ring buffer gets its size from the object, and is ordered anyway. */
export interface PerfBufferOptions {
  /** Pages per CPU, a power of two. Default 64. */
  readonly pages?: number;
  /** Samples per CPU between two wake-ups; default 1. More costs less, but events arrive later. */
  readonly wakeup?: number;
  /**
   * Deliver events in the order of their time, across CPUs; needs Linux >= 4.1. Events that caused
   * each other arrive in that order; events sent after a drain began are left to the next one.
   */
  readonly ordered?: boolean;
}

const DEFAULT_PAGES = 64;

/** The rings of all online CPUs; the low-level reader below {@linkcode EventStream}. */
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

  /** How many samples were dropped so far, on all CPUs. */
  get dropped(): number {
    return this.#rings.values().reduce((sum, ring) => sum + ring.dropped, 0);
  }

  isDue(): boolean {
    return this.#rings.values().some((ring) => ring.isDue());
  }

  consume(read: RecordReader | undefined, limit: number = Infinity): number {
    // Read before the rings: every sample with an earlier time is in them by then.
    const until = this.#ordered ? monotonicTime() : 0;
    const rings = [...this.#rings.values()];
    for (const ring of rings) ring.refresh();
    if (this.#ordered) return merge(rings, read ?? (() => {}), limit, until);
    let count = 0;
    for (let i = 0; i < rings.length && count < limit; i++) {
      count += rings[this.#first]!.consume(read, limit - count);
      // A limited drain continues here next time, so that one CPU cannot starve the others.
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

/** Passes on the samples of all rings in the order of their time, up to a time. */
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
