/**
 * What the top-like tools share: options, plan and heading of reports that are redrawn at
 * intervals.
 *
 * @module
 */

import { readText } from "../../mod.ts";
import { isTerminal, STDOUT } from "../../plumbing.ts";
import { flag, number, type Values } from "../options/options.ts";
import { intervalArgumentsEvery } from "../options/standard_options.ts";
import type { Report } from "./report.ts";

const INTERVAL_SECONDS = 1;

/** Rows of a report. */
export const TOP_ROWS = 20;

/** `-C`, as they all call it. */
export const noClearOption = flag({ short: "C", long: "noclear", help: "don't clear the screen" });

/** How many rows are printed. */
export const topOptions = {
  noClear: noClearOption,
  maxRows: number({
    short: "r",
    long: "maxrows",
    meta: "MAXROWS",
    help: `maximum rows to print (default ${TOP_ROWS})`,
    what: "a number of rows",
    min: 1,
    max: 2147483647,
  }),
} as const;

/** `interval` and `count`; interval has a default. */
export const topArguments = intervalArgumentsEvery(INTERVAL_SECONDS);

/** The part of the plan that follows from these options. */
export function topPlan(
  { interval = INTERVAL_SECONDS, count, noClear }:
    & Values<typeof topArguments>
    & { readonly noClear: boolean },
) {
  return {
    intro: `Tracing... Output every ${interval} secs. Hit Ctrl-C to end`,
    interval,
    count,
    redraw: !noClear,
  };
}

/** A line between reports that follow one another. */
export function topSpace(report: Report, noClear: boolean): void {
  if (noClear || !isTerminal(STDOUT)) report.line();
}

/** The line above a report: time and load average. */
export function topLine(report: Report): void {
  report.line(`${report.clock} loadavg: ${readText("/proc/loadavg").trim()}`);
}
