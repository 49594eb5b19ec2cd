/**
 * Reading histograms that tools print.
 *
 * @module
 */

import type { Result } from "./process.ts";
import { rowsOf } from "./tool.ts";

/** A record of `--json`. */
export interface HistogramRecord {
  readonly record: string;
  readonly pid?: number;
  readonly tid?: number;
  readonly pidns?: number;
  readonly comm?: string;
  readonly value: string;
  readonly buckets: readonly { low: number; high: number; count: number }[];
}

/** The histogram records of `--json`, of all reports. */
export function histogramsOf(result: Result): HistogramRecord[] {
  return rowsOf<HistogramRecord>(result).filter(({ record }) => record === "histogram");
}

/** The sum of all buckets of these histograms. */
export function countIn(histograms: readonly HistogramRecord[]): number {
  return histograms.flatMap(({ buckets }) => buckets).reduce((sum, { count }) => sum + count, 0);
}

/** The sum of all buckets in a tool's text output: `4 -> 7 : 12 |***|`. */
export function countInText(text: string): number {
  return Array.from(text.matchAll(/^ +\d+ -> \d+ +: (\d+) +\|/gm), ([, count]) => Number(count))
    .reduce((sum, count) => sum + count, 0);
}

/** The sum of the buckets for each of these processes or threads. */
export function countsOf(
  key: "pid" | "tid",
  ids: readonly number[],
  histograms: readonly HistogramRecord[],
): number[] {
  return ids.map((id) => countIn(histograms.filter((histogram) => histogram[key] === id)));
}
