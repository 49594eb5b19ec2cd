/**
 * Perf events by name, and why the kernel refuses one.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { PerfType } from "../../ffi/libc/perf_event.ts";
import { permissionReason } from "../base/errors.ts";

/** Events by the names perf(1) gives them (include/uapi/linux/perf_event.h). */
const EVENTS: Readonly<Record<PerfEventName, readonly [type: number, config: number]>> = {
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
};

/** The names of known events. */
export type PerfEventName =
  | "cpu-clock"
  | "task-clock"
  | "page-faults"
  | "context-switches"
  | "cpu-migrations"
  | "minor-faults"
  | "major-faults"
  | "cpu-cycles"
  | "instructions"
  | "cache-references"
  | "cache-misses"
  | "branch-instructions"
  | "branch-misses";

/** An event by name, or by the numbers of struct perf_event_attr. */
export type PerfEvent = PerfEventName | { readonly type: number; readonly config: bigint };

/** The type and config of an event. @throws {TypeError} for an unknown name */
export function eventNumbers(event: PerfEvent): [type: number, config: bigint] {
  if (typeof event !== "string") return [event.type, event.config];
  if (!Object.hasOwn(EVENTS, event)) {
    const known = Object.keys(EVENTS).join(", ");
    throw new TypeError(`no perf event is called ${JSON.stringify(event)}: there are ${known}`);
  }
  return [EVENTS[event][0], BigInt(EVENTS[event][1])];
}

/** Maps an errno of perf_event_open to its likely cause. */
export function explainEvent(errno: number, pid: number | undefined): string | undefined {
  if (errno === Errno.ENOENT || errno === Errno.EOPNOTSUPP) {
    return "this machine has no such event: virtual machines often lack hardware counters";
  }
  if (errno === Errno.ESRCH) return `process ${pid} does not exist`;
  if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
  return undefined;
}
