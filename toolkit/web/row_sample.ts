/**
 * A random sample of the rows of an interval (reservoir sampling).
 *
 * @module
 */

/** A row and its number, counted from 1. */
export type NumberedRow<R> = readonly [number: number, row: R];

/**
 * Counts rows exactly and keeps a sample: all rows while there are few, otherwise as many as there
 * is room for, each with the same probability (reservoir sampling, algorithm R by Alan Waterman).
 */
export class RowSample<R> {
  readonly #room: number;
  readonly #random: () => number;
  #kept: NumberedRow<R>[] = [];
  #since = 0;
  #total = 0;

  /** @param room how many rows are kept at most */
  constructor(room: number, random: () => number = Math.random) {
    this.#room = room;
    this.#random = random;
  }

  /** How many rows there were in all. */
  get total(): number {
    return this.#total;
  }

  /** Counts a row. @param make makes it, if it is kept */
  add(make: () => R): void {
    this.#total++;
    this.#since++;
    if (this.#kept.length < this.#room) {
      this.#kept.push([this.#total, make()]);
      return;
    }
    const index = Math.floor(this.#random() * this.#since);
    if (index < this.#room) this.#kept[index] = [this.#total, make()];
  }

  /** Returns the rows kept since the last call, in their order. */
  take(): NumberedRow<R>[] {
    const kept = this.#kept.sort(([a], [b]) => a - b);
    this.#kept = [];
    this.#since = 0;
    return kept;
  }
}
