/**
 * Names for tracefs probes. Each encodes its owner's PID and start time, so that a later process
 * can delete those whose owner is dead.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { exists, readText } from "../../ffi/libc/files.ts";

const NAME = /^tsbcc_(\d+)_(\d+)_\d+$/;
let count = 0;

/** A unique name: it contains this process's pid and start time. */
export function ownName(): string {
  return `tsbcc_${process.pid}_${startOf(process.pid)}_${++count}`;
}

/** Removes those of the names that are of this kind and whose owner has ended. */
export function removeLeftovers(names: readonly string[], remove: (name: string) => void): void {
  for (const name of names) {
    const [, pid, start] = NAME.exec(name) ?? [];
    if (pid === undefined || startOf(Number(pid)) === start) continue;
    try {
      remove(name);
    } catch (error) {
      // Busy, when the owner lives in another pid namespace; or another process was faster.
      if (!(error instanceof ErrnoError)) throw error;
    }
  }
}

/** When a process began, in clock ticks since boot: field 22 of proc_pid_stat(5). */
function startOf(pid: number): string | undefined {
  const path = `/proc/${pid}/stat`;
  if (!exists(path)) return undefined;
  const stat = readText(path);
  // The command's name may hold spaces and parentheses.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

/** Calls a function when the process exits; the returned function cancels that. */
export function atExit(release: () => void): () => void {
  process.once("exit", release);
  return () => process.removeListener("exit", release);
}
