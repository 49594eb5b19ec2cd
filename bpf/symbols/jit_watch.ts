/**
 * Opening the files of just-in-time compilers while they can be opened: a process may remove its
 * own, or end and its container with it, before anybody asks for a name.
 *
 * @module
 */

import type { JitSymbols } from "./jit_symbols.ts";

/** Milliseconds between two looks at a process, the first and, twice as long each time, the last. */
const [FIRST_MS, LAST_MS] = [100, 6400];

/** Looks for the files of processes that have compiled code, until there is one. */
export class JitWatch {
  readonly #waiting = new Map<JitSymbols, ReturnType<typeof setTimeout>>();
  #closed = false;

  /** Looks for the files of a process from now on. */
  add(jit: JitSymbols): void {
    if (this.#closed || this.#waiting.has(jit)) return;
    jit.look();
    this.#again(jit, FIRST_MS);
  }

  /** Ends it; idempotent. */
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
