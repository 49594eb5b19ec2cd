/**
 * What /proc tells of processes.
 *
 * @module
 */

import { ErrnoError, readText } from "../../mod.ts";

/** The name of a process or thread; undefined when it is gone. */
export function nameOf(pid: number): string | undefined {
  try {
    return readText(`/proc/${pid}/comm`).trimEnd();
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}
