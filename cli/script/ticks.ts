/**
 * An interval timer that is polled, or does nothing if there is no interval.
 *
 * @module
 */

/** Tells whether an interval has elapsed, and settles a promise when it does. */
export class Ticks implements Disposable {
  /** Resolves at the end of the current interval. */
  next!: Promise<void>;
  #isDue = false;
  #settle!: () => void;
  readonly #timer: ReturnType<typeof setInterval> | undefined;

  /** @param seconds the length of an interval; undefined: no interval ever ends */
  constructor(seconds: number | undefined) {
    this.#arm();
    if (seconds === undefined) return;
    this.#timer = setInterval(() => {
      this.#isDue = true;
      this.#settle();
    }, seconds * 1000);
  }

  /** Whether an interval has ended since the last call. */
  isDue(): boolean {
    if (!this.#isDue) return false;
    this.#isDue = false;
    this.#arm();
    return true;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #arm(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    [this.next, this.#settle] = [promise, resolve];
  }
}
