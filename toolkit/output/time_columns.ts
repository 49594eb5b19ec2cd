/**
 * Timestamp columns.
 *
 * @module
 */

import type { Column } from "./columns.ts";

const CLOCK_TEXT_END = 8; // "17:05:09 GMT+0200 …"

/** The time of day as bcc's tools print it: `17:05:09`. */
export function clockText(time: Date): string {
  return time.toTimeString().slice(0, CLOCK_TEXT_END);
}

/** The `TIME` column: the time of day at which a row is printed; in JSON complete, in UTC. */
export function clockColumn<E>(): Column<E> {
  let second = NaN;
  let text = "";
  return {
    head: "TIME",
    width: 8,
    value: () => new Date().toISOString(),
    text() {
      const now = Date.now();
      // Cached: formatting a date costs more than the rest of the row.
      if (Math.floor(now / 1000) !== second) {
        second = Math.floor(now / 1000);
        text = clockText(new Date(now));
      }
      return text;
    },
  };
}

/** The time at which a row is printed, in milliseconds, with the time zone's name as heading. */
export function preciseTimeColumn<E>({ utc }: { readonly utc: boolean }): Column<E> {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts();
  const zone = utc ? "UTC" : parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  return {
    head: `TIME-${zone}`,
    key: "time",
    width: 12,
    value: () => new Date().toISOString(),
    text() {
      const now = new Date();
      if (utc) return now.toISOString().slice("2026-01-31T".length, -"Z".length);
      return `${clockText(now)}.${String(now.getMilliseconds()).padStart(3, "0")}`;
    },
  };
}

/** The `TIME(s)` column, from times in ns (bpf_ktime_get_ns). */
export function secondsColumn<E extends { readonly time: number }>(
  { width, digits }: { readonly width: number; readonly digits: number },
): Column<E> {
  let first: number | undefined;
  const seconds = ({ time }: E) => (time - (first ??= time)) / 1e9;
  return {
    head: "TIME(s)",
    key: "time_s",
    width,
    digits,
    value: seconds,
  };
}
