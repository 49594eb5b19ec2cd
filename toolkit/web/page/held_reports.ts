/**
 * Reports that wait while the page is paused: sums need every one.
 *
 * @module
 */

import type { LossesMessage, ReportMessage } from "../messages.ts";

/** Limit on the reports that are held; then the oldest is dropped for each new one. */
export const MAX_HELD = 600;

/** The reports of a pause. */
export class HeldReports {
  readonly #held: ReportMessage[] = [];
  #dropped = 0;

  /** The number of reports that wait. */
  get count(): number {
    return this.#held.length;
  }

  /** The reports dropped in all pauses, as a tool tells its own losses. */
  get losses(): LossesMessage["losses"] {
    if (this.#dropped === 0) return [];
    const reason = `a pause of this page holds the latest ${MAX_HELD} back, not those before`;
    return [{ kind: "dropped", what: "reports", total: this.#dropped, reason }];
  }

  /** Holds a report; returns whether another one was dropped for it. */
  hold(report: ReportMessage): boolean {
    this.#held.push(report);
    if (this.#held.length <= MAX_HELD) return false;
    this.#held.shift();
    this.#dropped++;
    return true;
  }

  /** Removes and returns all that wait, oldest first. */
  release(): ReportMessage[] {
    return this.#held.splice(0);
  }
}
