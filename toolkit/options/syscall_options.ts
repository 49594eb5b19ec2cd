/**
 * System calls and their errors in options and rows.
 *
 * @module
 */

import { errnoName, syscallName, syscallNumber } from "../../mod.ts";
import { flag, number, type Option, UsageError } from "./options.ts";

const ERRNO_MAX = 4095; // MAX_ERRNO of include/linux/err.h
const NUMBERS = 1024; // more than any architecture has
const FOREIGN = 0x80000000; // syscount.bpf.c

/** An option with an errno, by name or number; the sign is ignored. */
export function errno(
  names: Pick<Option<unknown>, "short" | "long" | "help"> & { meta: string },
): Option<number | undefined> {
  return { ...names, initial: undefined, parse: errnoOf };
}

function errnoOf(text: string): number {
  const numbers = Array.from({ length: ERRNO_MAX }, (_, i) => i + 1);
  const isName = /^E\w+$/.test(text);
  const found = /^-?\d+$/.test(text)
    ? Math.abs(Number(text))
    : numbers.find((number) => isName && errnoName(number) === text);
  if (found !== undefined && found >= 1 && found <= ERRNO_MAX) return found;
  throw new UsageError(`expected an error by name or number, from 1 to ${ERRNO_MAX}: EPERM`);
}

/** Rows of a summary, unless `-T` says otherwise. */
export const SUMMARY_ROWS = 10;

/** Options of tools that summarize calls. @param calls what help calls them: `syscalls` */
export const callSummaryOptions = (calls: "syscalls" | "hcalls") => {
  const call = calls.slice(0, -"s".length);
  return {
    interval: number({
      short: "i",
      long: "interval",
      meta: "INTERVAL",
      help: "print summary at this interval (seconds)",
      what: "an interval in seconds",
      min: 0.001,
      max: 2147483,
      fraction: true,
    }),
    top: number({
      short: "T",
      long: "top",
      meta: "TOP",
      help: `print only the top ${calls} by count or latency (default ${SUMMARY_ROWS})`,
      what: "a number of rows",
      min: 1,
      max: 2147483647,
    }),
    failures: flag({
      short: "x",
      long: "failures",
      help: `trace only failed ${calls} (return < 0)`,
    }),
    errno: errno({
      short: "e",
      long: "errno",
      meta: "ERRNO",
      help: `trace only ${calls} that return this error (numeric or EPERM, etc.)`,
    }),
    latency: flag({ short: "L", long: "latency", help: `collect ${call} latency` }),
    milliseconds: flag({
      short: "m",
      long: "milliseconds",
      help: "display latency in milliseconds (default: microseconds)",
    }),
    process: flag({ short: "P", long: "process", help: `count by process and not by ${call}` }),
    list: flag({ short: "l", long: "list", help: `print list of recognized ${calls} and exit` }),
  } as const;
};

/** An option with a system call's name, which becomes its number. */
export function syscall(
  names: Pick<Option<unknown>, "short" | "long" | "help"> & { meta: string },
): Option<number | undefined> {
  return {
    ...names,
    initial: undefined,
    parse(value) {
      const found = syscallNumber(value);
      if (found === undefined) throw new UsageError("expected a system call: -l lists their names");
      return found;
    },
  };
}

/** The name of a system call in a row: 32-bit and unknown ones are shown by number. */
export function syscallText(number: number): string {
  if (number >= FOREIGN) return `[32 bit: ${number - FOREIGN}]`;
  return syscallName(number) ?? `[unknown: ${number}]`;
}

/** The names of all system calls, in columns as bcc prints them. */
export function syscallList(): string {
  const numbers = Array.from({ length: NUMBERS }, (_, number) => number);
  const names = numbers.map(syscallName).filter((name) => name !== undefined).sort();
  const lines = [];
  for (let i = 0; i < names.length; i += 4) {
    lines.push(names.slice(i, i + 4).map((name) => name.padEnd(22)).join("   ").trimEnd());
  }
  return lines.join("\n");
}
