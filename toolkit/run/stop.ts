/**
 * Reasons to stop: a signal, the duration, a command that ended, a reader that went away.
 *
 * @module
 */

import { ErrnoError } from "../../mod.ts";
import {
  endOnSecondSignal,
  HANGUP,
  ignoreSignal,
  isSignalIgnored,
  STDOUT,
  type Wait,
  whenReady,
} from "../../plumbing.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** How long the tool may take to end after a signal before the user is told why. */
export const PATIENCE_MS = 500;

/**
 * Ends a trace once, whatever asks for it first. A second signal of the same kind kills the
 * process, through the kernel: this works even while symbolizing or reporting keeps JavaScript from
 * handling signals.
 */
export class Stop implements Disposable {
  requested = false;
  readonly #whenStopped: () => void;
  readonly #onSignal = () => this.#signal();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #patience: ReturnType<typeof setInterval> | undefined;
  #hangup: Wait | undefined;
  readonly #whenSlow: () => void;
  readonly #whenSignalled: () => void;

  /**
   * Calls `whenStopped` at the first request. Signals are handled from now on; no other may be handled before, or
   * it cannot be told whether SIGHUP is to be ignored.
   *
   * @param whenSlow called now and then while a signal has not ended the tool
   * @param whenSignalled called at a signal, also if something else has asked to stop before
   */
  constructor(whenStopped: () => void, whenSlow = () => {}, whenSignalled = () => {}) {
    this.#whenStopped = whenStopped;
    this.#whenSlow = whenSlow;
    this.#whenSignalled = whenSignalled;
    // SIGHUP stays ignored if it was at the start, as under nohup(1). SIGINT is handled even if it
    // was: shells ignore it for what a script runs in the background, but whoever sends it to a
    // tool wants it to end.
    const hasNoTerminal = isSignalIgnored("SIGHUP");
    for (const signal of SIGNALS) {
      if (signal === "SIGHUP" && hasNoTerminal) continue;
      process.on(signal, this.#onSignal);
      endOnSecondSignal(signal);
    }
    if (hasNoTerminal) ignoreSignal("SIGHUP");
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
      // A regular file cannot be polled, and has no reader that could go away.
      if (error instanceof ErrnoError) return;
      throw error;
    }
    this.#hangup.ready.then((closed) => closed && this.request());
  }

  /**
   * Keeps the signal handlers: a late signal must not kill a tool that is about to exit with status
   * 0.
   */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    clearInterval(this.#patience);
    this.#hangup?.cancel();
  }

  #signal(): void {
    this.#whenSignalled();
    this.request();
    this.#patience ??= setInterval(this.#whenSlow, PATIENCE_MS);
  }
}
