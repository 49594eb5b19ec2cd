/**
 * Counts equal rows (--aggregate).
 *
 * @module
 */

/** The number of occurrences of each row. */
export class RowCounts {
  readonly #counts = new Map<string, number>();
  readonly #json: boolean;

  /** @param json whether rows are JSON objects */
  constructor(json: boolean) {
    this.#json = json;
  }

  /** Counts a row, including the lines below it. */
  add(text: string): void {
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1);
  }

  /** The rows as they are printed, the most frequent first. */
  texts(): string[] {
    const sorted = [...this.#counts].sort(([, a], [, b]) => b - a);
    return sorted.map(([text, count]) =>
      this.#json ? `${text.slice(0, -1)},"count":${count}}` : `${text}\n-->COUNT ${count}\n`
    );
  }
}
