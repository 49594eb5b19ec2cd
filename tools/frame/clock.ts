/**
 * Columns that tell when something happened.
 *
 * @module
 */

import type { Column } from "./columns.ts";

const CLOCK_TEXT_END = 8; // "17:05:09 GMT+0200 …"

/** The time of day as bcc's tools print it: `17:05:09`. */
export function clockText(time: Date): string {
  return time.toTimeString().slice(0, CLOCK_TEXT_END);
}

/** The time of day at which a row is printed, `TIME`; JSON has it in full, in UTC. */
export function clockColumn<E>(): Column<E> {
  let second = NaN;
  let text = "";
  return {
    head: "TIME",
    width: 8,
    value: () => new Date().toISOString(),
    text() {
      const now = Date.now();
      // Formatting costs more than all the rest of a row.
      if (Math.floor(now / 1000) !== second) {
        second = Math.floor(now / 1000);
        text = clockText(new Date(now));
      }
      return text;
    },
  };
}
