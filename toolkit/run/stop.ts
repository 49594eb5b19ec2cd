/**
 * Reasons to end: a signal, the duration, a command that ended, nobody left to read the output.
 *
 * @module
 */

import { ErrnoError, HANGUP, type Wait, whenReady } from "../../mod.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const STDOUT = 1;
const INTERRUPTED = 130; // 128 + SIGINT, as shells report it

/** Ends a trace once, whatever asks first. */
export class Stop implements Disposable {
  requested = false;
  readonly #whenStopped: () => void;
  readonly #onSignal = () => this.#signal();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hangup: Wait | undefined;

  /** Calls `whenStopped` at the first request. Signals are handled from now on. */
  constructor(whenStopped: () => void) {
    this.#whenStopped = whenStopped;
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  /** Ends the trace. */
  request(): void {
    if (this.requested) return;
    this.requested = true;
    this.#whenStopped();
  }

  /** Ends the trace after so many seconds. */
  after(seconds: number): void {
    this.#timer = setTimeout(() => this.request(), seconds * 1000);
  }

  /** Ends the trace when the reader of standard output goes away, even if no event comes. */
  whenOutputCloses(): void {
    try {
      this.#hangup = whenReady(STDOUT, HANGUP);
    } catch (error) {
      // A regular file cannot be waited for, nor does anybody hang up on it.
      if (error instanceof ErrnoError) return;
      throw error;
    }
    this.#hangup.ready.then((closed) => closed && this.request());
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    clearTimeout(this.#timer);
    this.#hangup?.cancel();
  }

  #signal(): void {
    // Whoever asks twice wants it now, even if standard output is stuck.
    if (this.requested) process.exit(INTERRUPTED);
    this.request();
  }
}
