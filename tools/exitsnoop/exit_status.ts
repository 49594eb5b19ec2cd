/**
 * Decodes the exit status of a process, as wait(2) returns it.
 *
 * @module
 */

import { signalName } from "../../toolkit/task/signals.ts";

/** WEXITSTATUS: the code passed to exit(2); 0 if a signal ended the process. */
export const exitCode = (status: number): number => status >> 8 & 0xff;

/** WTERMSIG: the signal that ended the process; 0: none. */
export const endingSignal = (status: number): number => status & 0x7f;

/** WCOREDUMP: whether the process dumped core. */
export const dumpedCore = (status: number): boolean => (status & 0x80) !== 0;

/** `0`, `code 7` or `signal 11 (SEGV), core dumped`. */
export function statusText(status: number): string {
  const signal = endingSignal(status);
  const core = dumpedCore(status) ? ", core dumped" : "";
  if (signal !== 0) return `signal ${signal} (${signalName(signal)})${core}`;
  return exitCode(status) === 0 ? "0" : `code ${exitCode(status)}`;
}
