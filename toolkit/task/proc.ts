/**
 * Process names and states from /proc.
 *
 * @module
 */

import { ErrnoError, exists, readText } from "../../mod.ts";

/** The name of a process or thread; undefined when it has ended. */
export function nameOf(pid: number): string | undefined {
  try {
    return readText(`/proc/${pid}/comm`).trimEnd();
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}

/** Whether a process has ended, even if it was not waited for yet (a zombie). */
export function hasEnded(pid: number): boolean {
  const status = `/proc/${pid}/status`;
  return !exists(status) || /^State:\tZ/m.test(readText(status));
}
