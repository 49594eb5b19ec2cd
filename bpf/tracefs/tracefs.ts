/**
 * Finding tracefs.
 *
 * @module
 */

import { detachedMount } from "../../ffi/libc/detached_mount.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { close, exists, O_PATH, open } from "../../ffi/libc/files.ts";
import { UnsupportedError } from "../base/errors.ts";

/** Its own mount point, and the one below debugfs from before Linux 4.1. */
const PLACES = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/**
 * The root of a tracefs mounted by and for this process only; it stays open until the process ends.
 */
let detached: string | undefined;

/** Where tracefs is mounted; undefined when it is not. */
export function mountedTracefs(): string | undefined {
  // The mount point exists even without a mount, so check for a file inside.
  return PLACES.find((path) => exists(`${path}/events`));
}

/**
 * Where this process finds tracefs. If it is not mounted, it is mounted without a mount point
 * (fsmount), which other processes do not see, and which needs CAP_SYS_ADMIN and Linux >= 5.2.
 * Undefined when that fails too.
 */
export function tracefs(): string | undefined {
  return mountedTracefs() ?? (detached ??= mountDetached());
}

function mountDetached(): string | undefined {
  const fd = detachedMount("tracefs");
  return fd === undefined ? undefined : `/proc/self/fd/${fd}`;
}

/** @throws {UnsupportedError} when there is no tracefs, which has the tracepoints' ids */
export function requireTracefs(action: string): void {
  if (tracefs() !== undefined) return;
  throw new UnsupportedError(action, "tracefs", whyNoTracefs());
}

/** Why {@linkcode tracefs} returned undefined, and the fix. */
export function whyNoTracefs(): string {
  const [place] = PLACES;
  try {
    close(open(`${place}/events`, O_PATH));
  } catch (error) {
    if (error instanceof ErrnoError && error.errno === Errno.EACCES) {
      return `this process must not read ${place}: run it as root (sudo), or give it the ` +
        "capability CAP_DAC_READ_SEARCH";
    }
  }
  return "tracefs is not mounted, and only a process with CAP_SYS_ADMIN does without: mount it " +
    `with: mount -t tracefs nodev ${place}`;
}
