/**
 * How processes end: the parts of a status as wait(2) has it.
 *
 * @module
 */

import { signalName } from "../../toolkit/task/signals.ts";

/** The code passed to exit(2), WEXITSTATUS; 0 of one that a signal ended. */
export const exitCode = (status: number): number => status >> 8 & 0xff;

/** The signal that ended it, WTERMSIG; 0: none did. */
export const endingSignal = (status: number): number => status & 0x7f;

/** Whether it left a core dump, WCOREDUMP. */
export const dumpedCore = (status: number): boolean => (status & 0x80) !== 0;

/** `0`, `code 7` or `signal 11 (SEGV), core dumped`. */
export function statusText(status: number): string {
  const signal = endingSignal(status);
  const core = dumpedCore(status) ? ", core dumped" : "";
  if (signal !== 0) return `signal ${signal} (${signalName(signal)})${core}`;
  return exitCode(status) === 0 ? "0" : `code ${exitCode(status)}`;
}
