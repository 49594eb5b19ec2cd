/**
 * Process names and states from /proc.
 *
 * @module
 */

import { ErrnoError, readText } from "../../mod.ts";

/** The name of a process or thread; undefined when it has ended. */
export function nameOf(pid: number): string | undefined {
  try {
    return readText(`/proc/${pid}/comm`).trimEnd();
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}

/** A file of /proc is not there, or was while it was opened. */
const GONE: ReadonlySet<string> = new Set(["ENOENT", "ESRCH"]);

/** Whether a process has ended, even if it was not waited for yet (a zombie). */
export function hasEnded(pid: number): boolean {
  try {
    return /^State:\tZ/m.test(readText(`/proc/${pid}/status`));
  } catch (error) {
    if (error instanceof ErrnoError && GONE.has(error.code)) return true;
    throw error;
  }
}
