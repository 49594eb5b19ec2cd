/**
 * Attaching to perf events: clocks and counters, sampled on every CPU.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { attachToPerfEvent } from "../../ffi/libc/perf_event.ts";
import { onlineCpus } from "../base/cpus.ts";
import type { Link } from "../base/link.ts";
import { eventNumbers, explainEvent, type PerfEvent } from "../tables/perf_events.ts";
import { type Attachable, linkOf } from "./attachment.ts";

/** Which event to sample, how often and where. */
export interface PerfEventOptions {
  /** By name, or by the numbers of struct perf_event_attr. */
  readonly event: PerfEvent;
  /** Sample period: one sample every so many events; give exactly one of this and `frequency`. */
  readonly period?: number;
  /** Samples per second and CPU. */
  readonly frequency?: number;
  /** Only this thread, by its thread id; default all threads of all processes. */
  readonly pid?: number;
  /** Only this CPU; default all that are online. */
  readonly cpu?: number;
}

/** Attaches a perf event program. Needs Linux >= 4.9; hardware events need hardware. */
export function attachPerfEvent(program: Attachable, options: PerfEventOptions): Link {
  const { event, period, frequency, pid, cpu } = options;
  if ((period === undefined) === (frequency === undefined)) {
    throw new TypeError(
      `Cannot attach program "${program.name}" to a perf event: expected a period or a ` +
        `frequency, found ${period === undefined ? "neither" : "both"}`,
    );
  }
  const [type, config] = eventNumbers(event);
  const attributes = {
    type,
    config,
    samplePeriod: BigInt(period ?? frequency!),
    frequency: frequency !== undefined,
  };
  const cpus = cpu === undefined ? pid === undefined ? onlineCpus() : [-1] : [cpu];
  const fd = program.fd("PERF_EVENT");
  const fds: number[] = [];
  for (const each of cpus) {
    fds.push(attachToPerfEvent(fd, attributes, pid ?? -1, each));
    if (fds.at(-1)! < 0) break;
  }
  const name = typeof event === "string" ? event : `${type}:0x${config.toString(16)}`;
  const explain = (errno: number) =>
    errno === Errno.EINVAL && frequency !== undefined
      ? `is ${frequency} more than the sysctl kernel.perf_event_max_sample_rate?`
      : explainEvent(errno, pid);
  return linkOf(program, `perf event ${name}`, fds, explain);
}
