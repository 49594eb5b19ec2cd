/**
 * Signal dispositions that the kernel applies by itself, even while JavaScript is busy.
 *
 * @module
 */

import { ErrnoError } from "./errno_error.ts";
import { errno, libc } from "./libc.ts";
import { alloc } from "./memory.ts";

// struct sigaction of glibc, on 64-bit machines: a handler, a mask of 128 bytes, flags, a restorer.
const SIZE = 152;
const FLAGS_AT = 136;
const SA_RESETHAND = 0x8000_0000;

/** The numbers of include/uapi/asm-generic/signal.h: node:os has them, but costs Bun milliseconds. */
const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** SIG_IGN of include/uapi/asm-generic/signal-defs.h. */
const IGNORED = 1n;

/** Whether this process was started with that signal ignored, as by nohup(1): see signal(7). */
export function isSignalIgnored(signal: keyof typeof NUMBERS): boolean {
  const action = alloc(SIZE);
  if (libc().sigaction(NUMBERS[signal], null, action) < 0) {
    throw new ErrnoError(`ask what ${signal} does`, errno());
  }
  return new DataView(action.buffer).getBigUint64(0, true) === IGNORED;
}

/**
 * Ignores a signal. Deno handles SIGHUP as soon as it handles any other, and ends by it even if it was ignored at
 * the start: findings/deno-nohup.sh.
 */
export function ignoreSignal(signal: keyof typeof NUMBERS): void {
  const action = alloc(SIZE);
  new DataView(action.buffer).setBigUint64(0, IGNORED, true);
  if (libc().sigaction(NUMBERS[signal], action, null) < 0) {
    throw new ErrnoError(`ignore ${signal}`, errno());
  }
}

/**
 * Lets a second signal of that kind end the process at once, as if there were no handler: also while
 * JavaScript is busy and hears neither. Call it once the runtime has its handler (`process.on`).
 */
export function endOnSecondSignal(signal: keyof typeof NUMBERS): void {
  const number = NUMBERS[signal];
  const action = alloc(SIZE);
  if (libc().sigaction(number, null, action) < 0) throw failed(signal);
  const view = new DataView(action.buffer);
  view.setUint32(FLAGS_AT, (view.getUint32(FLAGS_AT, true) | SA_RESETHAND) >>> 0, true);
  if (libc().sigaction(number, action, null) < 0) throw failed(signal);
}

const failed = (signal: string) =>
  new ErrnoError(`let a second ${signal} end the process`, errno());
