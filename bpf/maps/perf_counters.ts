/**
 * Hardware and software counters, one per CPU, in a PERF_EVENT_ARRAY map. Programs read them with
 * `bpf_perf_event_read_value` (Linux >= 4.15), this process through the class below.
 *
 * @module
 */

import { close } from "../../ffi/libc/files.ts";
import { openPerfEvent, readPerfEvent } from "../../ffi/libc/perf_event.ts";
import { onlineCpus } from "../base/cpus.ts";
import { eventNumbers, explainEvent, type PerfEvent } from "../tables/perf_events.ts";
import { clearCpuSlot, setCpuSlot } from "./cpu_slots.ts";
import { BpfError } from "../base/errors.ts";
import type { MapInfo } from "./map_info.ts";

/** Which events to count. */
export interface CounterOptions {
  /** By name, or by the numbers of struct perf_event_attr. */
  readonly event: PerfEvent;
  /** Only this thread, by its thread id; default all. */
  readonly pid?: number;
}

const PERF_FORMAT_TOTAL_TIMES = 3; // TOTAL_TIME_ENABLED | TOTAL_TIME_RUNNING

/** The counter of one CPU. */
export interface CounterValue {
  /** The CPU that counted. */
  readonly cpu: number;
  /** The number of events. */
  readonly value: number;
  /**
   * Nanoseconds since it was opened; counters are multiplexed, so it may have counted less time.
   */
  readonly enabledNs: number;
  /** Nanoseconds in which it was counting. */
  readonly runningNs: number;
}

/** Creates a {@linkcode PerfCounters}; the constructor is private, so its parameters are no API. */
export let newPerfCounters: (
  ...made: [info: MapInfo, options: CounterOptions, onClose: () => void]
) => PerfCounters;

/** Open counters; closing takes them out of the map. */
export class PerfCounters implements Disposable {
  /** The map's name in C. */
  readonly name: string;
  readonly #map: MapInfo;
  readonly #fds = new Map<number, number>();
  readonly #onClose: (() => void) | undefined;

  /** Made by {@linkcode Bpf.counters}. @throws {BpfError} */
  private constructor(map: MapInfo, { event, pid = -1 }: CounterOptions, onClose?: () => void) {
    this.name = map.name;
    this.#map = map;
    const [type, config] = eventNumbers(event);
    using undo = new DisposableStack();
    undo.defer(() => this.#release());
    for (const cpu of onlineCpus()) {
      const attributes = { type, config, readFormat: PERF_FORMAT_TOTAL_TIMES };
      const fd = openPerfEvent(attributes, pid, cpu);
      if (fd >= 0) this.#fds.set(cpu, fd);
      const result = fd < 0 ? fd : setCpuSlot(map, cpu, fd);
      if (result >= 0) continue;
      const action = `count events in map "${map.name}" on CPU ${cpu}`;
      throw new BpfError("open", action, -result, explainEvent(-result, pid));
    }
    undo.move();
    this.#onClose = onClose;
  }

  static {
    newPerfCounters = (...made) => new PerfCounters(...made);
  }

  /** What every CPU has counted so far. */
  read(): CounterValue[] {
    return [...this.#fds].map(([cpu, fd]) => {
      const [value, enabledNs, runningNs] = readPerfEvent(fd, 3);
      return { cpu, value: value!, enabledNs: enabledNs!, runningNs: runningNs! };
    });
  }

  /** The sum over all CPUs so far. */
  get total(): number {
    return this.read().reduce((sum, { value }) => sum + value, 0);
  }

  /** Stops counting; idempotent. */
  close(): void {
    if (this.#fds.size === 0) return;
    this.#release();
    this.#onClose?.();
  }

  /** Stops counting at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #release(): void {
    for (const [cpu, fd] of this.#fds) {
      clearCpuSlot(this.#map, cpu);
      close(fd);
    }
    this.#fds.clear();
  }
}
