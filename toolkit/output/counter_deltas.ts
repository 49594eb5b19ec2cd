/**
 * Counters that only grow, told per report.
 *
 * A map that a tool clears loses what is counted between reading and clearing. One that it leaves
 * alone loses nothing: each report tells the difference to the one before.
 *
 * @module
 */

/** How much counters grew since they were last asked about. */
export class Growth {
  readonly #before = new Map<string, number>();

  /** The growth of the counter called `name`, which is at `now`. */
  since(name: string, now: number): number {
    const before = this.#before.get(name) ?? 0;
    this.#before.set(name, now);
    return now - before;
  }

  /** Forgets a counter that is gone. */
  forget(name: string): void {
    this.#before.delete(name);
  }
}
