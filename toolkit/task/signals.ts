/**
 * Signals by number and name, the same on x86-64 and arm64.
 *
 * @module
 */

import { type Option, UsageError } from "../options/options.ts";

const SIGNAL_MAX = 64; // SIGRTMAX, and signal_filter.h

// include/uapi/asm-generic/signal.h, from 1 on.
const NAMES = ("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT " +
  "CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH POLL PWR SYS").split(" ");
const RTMIN = 34; // glibc keeps 32 and 33 for itself
const OTHERS: Record<number, string> = { [RTMIN]: "RTMIN", [SIGNAL_MAX]: "RTMAX" };

/** The name of a signal, `KILL` for 9; "unknown" for numbers without one. */
export function signalName(number: number): string {
  return NAMES[number - 1] ?? OTHERS[number] ?? "unknown";
}

/** An option with signals, by number or name, separated by commas. */
export function signals(
  names: Pick<Option<unknown>, "short" | "long" | "help">,
): Option<readonly number[]> {
  return {
    ...names,
    meta: "SIGNAL",
    initial: [],
    parse: (value) => value.split(",").map(signalNumber),
  };
}

/** The globals of signal_filter.h that select signals; an empty list selects all. */
export function signalFilter(wanted: readonly number[]): Readonly<Record<string, unknown>> {
  return {
    by_signal: wanted.length > 0,
    wanted_signals: Array.from({ length: SIGNAL_MAX + 1 }, (_, i) => wanted.includes(i)),
  };
}

function signalNumber(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, "");
  const number = /^\d+$/.test(text) ? Number(text) : NAMES.indexOf(name) + 1;
  if (number <= SIGNAL_MAX && (number > 0 || text === "0")) return number;
  throw new UsageError(
    `expected signals by number, at most ${SIGNAL_MAX}, or name, separated by commas: 9,TERM`,
  );
}
