/**
 * Gives memory back once a tool is idle after a flood of events.
 *
 * @module
 */

import { collectGarbage, releaseCode } from "../../plumbing.ts";

/** Events whose garbage is worth a collection: it takes a twelfth of the CPU time that they took. */
export const FLOOD = 50_000;
/** Milliseconds without an event after which a flood is over. */
const IDLE_MS = 100;

/**
 * Collects garbage when no events come any more. Runtimes collect while memory is allocated, so that an idle tool
 * would keep for minutes what a flood has left; one that waits on its main thread lets no collection end either.
 */
export class CollectWhenIdle implements Disposable {
  readonly #collect: () => void;
  #events = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param collect replaces the collection in tests */
  constructor(collect: () => void = collectAll) {
    this.#collect = collect;
  }

  /** Notes that events were handled. */
  handled(events: number): void {
    this.#events += events;
    if (this.#events >= FLOOD && this.#timer === undefined) this.#arm();
  }

  /** Nothing is collected any more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    const before = this.#events;
    this.#timer = setTimeout(() => {
      if (this.#events !== before) return this.#arm();
      this.#timer = undefined;
      this.#events = 0;
      this.#collect();
    }, IDLE_MS);
  }
}

/** The flood and the collection have mapped code again that an idle tool does not need. */
function collectAll(): void {
  collectGarbage();
  releaseCode();
}
