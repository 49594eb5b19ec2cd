/**
 * An interval timer that is polled, or does nothing if there is no interval.
 *
 * @module
 */

/** Whether and when intervals have elapsed. */
export class Ticks implements Disposable {
  /** Settles when the interval is over. */
  next!: Promise<void>;
  #isDue = false;
  #settle!: () => void;
  readonly #timer: ReturnType<typeof setInterval> | undefined;

  /** @param seconds of an interval; undefined: never */
  constructor(seconds: number | undefined) {
    this.#arm();
    if (seconds === undefined) return;
    this.#timer = setInterval(() => {
      this.#isDue = true;
      this.#settle();
    }, seconds * 1000);
  }

  /** Whether an interval has ended since it was asked last. */
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
