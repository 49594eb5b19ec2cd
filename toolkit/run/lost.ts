/**
 * Telling what reports miss.
 *
 * @module
 */

import { type Bpf, u64 } from "../../mod.ts";
import type { Report } from "../output/report.ts";

/**
 * Tells how much a tool that reports could not count because a map was full, if anything: what the
 * kernel side added to its variable `lost`.
 *
 * @param what it is, in the plural: `requests`
 */
export function reportLost(bpf: Bpf, report: Report, name: string, what: string): void {
  tellLost(report, name, what, bpf.global("lost", u64.asNumber).value);
}

/** Tells that so many could not be counted, if any. */
export function tellLost(report: Report, name: string, what: string, total: number): void {
  if (total === 0) return;
  report.record("lost", { total });
  console.error(`${name}: lost ${total} ${what} so far: too many at a time for the kernel's maps`);
}
