/**
 * Attaching to perf events: clocks and counters, sampled on every CPU.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { readText } from "../../ffi/libc/libc.ts";
import { attachToPerfEvent, PerfType } from "../../ffi/libc/perf_event.ts";
import { permissionReason } from "../base/errors.ts";
import type { Link } from "../base/link.ts";
import { type Attachable, linkOf } from "./attachment.ts";

/** Events by the names perf(1) gives them (include/uapi/linux/perf_event.h). */
const EVENTS = {
  "cpu-clock": [PerfType.SOFTWARE, 0],
  "task-clock": [PerfType.SOFTWARE, 1],
  "page-faults": [PerfType.SOFTWARE, 2],
  "context-switches": [PerfType.SOFTWARE, 3],
  "cpu-migrations": [PerfType.SOFTWARE, 4],
  "minor-faults": [PerfType.SOFTWARE, 5],
  "major-faults": [PerfType.SOFTWARE, 6],
  "cpu-cycles": [PerfType.HARDWARE, 0],
  "instructions": [PerfType.HARDWARE, 1],
  "cache-references": [PerfType.HARDWARE, 2],
  "cache-misses": [PerfType.HARDWARE, 3],
  "branch-instructions": [PerfType.HARDWARE, 4],
  "branch-misses": [PerfType.HARDWARE, 5],
} as const;

/** The events that have a name here. */
export type PerfEventName = keyof typeof EVENTS;

/** An event by name, or by the numbers of struct perf_event_attr. */
export type PerfEvent = PerfEventName | { readonly type: number; readonly config: bigint };

/** The type and config of an event. */
export function eventNumbers(event: PerfEvent): [type: number, config: bigint] {
  if (typeof event !== "string") return [event.type, event.config];
  return [EVENTS[event][0], BigInt(EVENTS[event][1])];
}

/** The likely cause of an errno from opening an event. */
export function explainEvent(errno: number, pid: number | undefined): string | undefined {
  if (errno === Errno.ENOENT || errno === Errno.EOPNOTSUPP) {
    return "this machine has no such event: virtual machines often lack hardware counters";
  }
  if (errno === Errno.ESRCH) return `process ${pid} does not exist`;
  if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
  return undefined;
}

/** Which event to sample, how often and where. */
export interface PerfEventOptions {
  /** By name, or by the numbers of struct perf_event_attr. */
  readonly event: PerfEvent;
  /** One sample per so many events; exactly one of this and `frequency` is needed. */
  readonly period?: number;
  /** Samples per second and CPU. */
  readonly frequency?: number;
  /** Only this process; default all. */
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

/** The CPUs that run now: "0-3,7" in sysfs. */
export function onlineCpus(): number[] {
  return readText("/sys/devices/system/cpu/online").trim().split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}
