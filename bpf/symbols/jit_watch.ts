/**
 * Opens the symbol files of JIT compilers early: a process may delete its file, or end together
 * with its container, before a symbol is asked for.
 *
 * @module
 */

import type { JitSymbols } from "./jit_symbols.ts";

/**
 * Milliseconds between looks at a process: the first interval and the last; it doubles each time.
 */
const [FIRST_MS, LAST_MS] = [100, 6400];

/** Watches processes with JIT-compiled code until their files are found. */
export class JitWatch {
  readonly #waiting = new Map<JitSymbols, ReturnType<typeof setTimeout>>();
  #closed = false;

  /** Watches a process from now on. */
  add(jit: JitSymbols): void {
    if (this.#closed || this.#waiting.has(jit)) return;
    jit.look();
    this.#again(jit, FIRST_MS);
  }

  /** Stops watching; idempotent. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }

  #again(jit: JitSymbols, pause: number): void {
    if (jit.isSettled) return void this.#waiting.delete(jit);
    const timer = setTimeout(() => {
      jit.look();
      this.#again(jit, Math.min(pause * 2, LAST_MS));
    }, pause);
    this.#waiting.set(jit, timer);
  }
}
