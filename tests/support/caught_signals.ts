/**
 * Which signals a process has handlers for, read from /proc/PID/status.
 *
 * @module
 */

import { readFileSync } from "node:fs";

const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Whether a process has a handler for a signal; false if the process has ended. */
export function catches(pid: number, signal: keyof typeof NUMBERS): boolean {
  try {
    const mask = /^SigCgt:\t(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
    return (BigInt(`0x${mask}`) >> BigInt(NUMBERS[signal] - 1) & 1n) === 1n;
  } catch {
    return false;
  }
}
