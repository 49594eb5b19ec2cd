/**
 * Where the kernel's tracing files are.
 *
 * @module
 */

import { exists } from "../../ffi/libc/libc.ts";
import { UnsupportedError } from "../base/errors.ts";

/** Where tracefs is: on its own, or below debugfs as before Linux 4.1; undefined when unmounted. */
export function tracefs(): string | undefined {
  // The mount point exists even without the mount, so look at a file inside.
  return ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"].find((path) =>
    exists(`${path}/events`)
  );
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
