/**
 * Attaching to the kernel's static tracepoints.
 *
 * @module
 */

import { Errno } from "../../ffi/errno.ts";
import { ErrnoError, exists, readText } from "../../ffi/libc.ts";
import { attachToPerfEvent, PerfType } from "../../ffi/perf_event.ts";
import { permissionReason, UnsupportedError } from "../errors.ts";
import type { Link } from "../link.ts";
import { type Attachable, linkOf } from "./attachment.ts";

/** Where tracefs is: on its own, or below debugfs as before Linux 4.1; undefined when unmounted. */
export function tracefs(): string | undefined {
  // The mount point exists even without the mount, so look at a file inside.
  return ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"].find((path) =>
    exists(`${path}/events`)
  );
}

/** The sentence for a tracepoint's errno. */
export function explainTracepoint(category: string, name: string, errno: number): string {
  if (errno === Errno.ENOENT) {
    return `this kernel has no tracepoint ${category}/${name}; list them in ${tracefs()}/events`;
  }
  if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
  return "see the kernel log (dmesg)";
}

/** @throws {UnsupportedError} when tracefs is not mounted: tracepoints are found by their file there. */
export function requireTracefs(action: string): void {
  if (tracefs() !== undefined) return;
  throw new UnsupportedError(
    action,
    "tracefs",
    "tracefs is not mounted: mount it with: mount -t tracefs nodev /sys/kernel/tracing",
  );
}

/** The number tracefs gives a tracepoint, or -errno. */
function tracepointId(category: string, name: string): number {
  try {
    return Number(readText(`${tracefs()}/events/${category}/${name}/id`));
  } catch (error) {
    if (error instanceof ErrnoError) return -error.errno;
    throw error;
  }
}

/**
 * Attaches a tracepoint program to `category/name`, for example `sched/sched_switch`.
 *
 * Needs Linux >= 4.7 and tracefs.
 */
export function attachTracepoint(program: Attachable, category: string, name: string): Link {
  requireTracefs(`attach program "${program.name}" to tracepoint ${category}/${name}`);
  const id = tracepointId(category, name);
  const event = { type: PerfType.TRACEPOINT, config: BigInt(id) };
  // One CPU is enough: a tracepoint's programs run on all, whoever holds the event.
  const fd = id < 0 ? id : attachToPerfEvent(program.fd("TRACEPOINT"), event, -1, 0);
  return linkOf(
    program,
    `tracepoint ${category}/${name}`,
    fd,
    (errno) => explainTracepoint(category, name, errno),
  );
}
