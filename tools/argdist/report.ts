/**
 * The reports of argdist.
 *
 * @module
 */

import { type Bpf, u32, u64 } from "../../mod.ts";
import type { ArgdistProbe } from "./probe.ts";
import { slotOf } from "./program.ts";
import { toJson } from "../../toolkit/output/escape.ts";
import { expressionText } from "../../toolkit/probe_language/expression.ts";
import { eventsDropped } from "../../toolkit/probe_language/events_dropped.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import { tellDropped } from "../../toolkit/run/losses.ts";
import type { Report } from "../../toolkit/output/report.ts";

const INDENT = "\t";
const COUNT_WIDTH = 10;

/** Options of reports. */
export interface ArgdistReportOptions {
  readonly cumulative: boolean;
  readonly top: number | undefined;
}

/** Returns the function that prints a report. */
export function argdistReport(
  probes: readonly ArgdistProbe[],
  options: ArgdistReportOptions,
): (bpf: Bpf, report: Report) => void {
  const deltasOfProbes = probes.map(() => new CounterDeltas());
  return (bpf, report) => {
    report.line(`[${report.clock}]`);
    probes.forEach((probe, i) => {
      const deltas = options.cumulative ? undefined : deltasOfProbes[i]!;
      if (probe.collection === "histogram") {
        reportHistogram(report, probe, slotsOf(bpf, `counts_${i}`, deltas));
      } else reportCounts(report, probe, countsOf(bpf, `counts_${i}`, deltas), options.top);
    });
    tellDropped(report, "argdist", "values", eventsDropped(bpf));
  };
}

type Entry = readonly [key: unknown, count: number];

/** The counts of a map, or their increase since the last report if `deltas` is given. */
function countsOf(bpf: Bpf, name: string, deltas: CounterDeltas | undefined): Entry[] {
  const map = bpf.map(name);
  if (!deltas) return [...map].map(([key, count]) => [key, Number(count)]);
  const counts = deltasOf(map, deltas, (count) => ({ count: Number(count) }));
  return [...counts].map(([key, { count }]) => [key, count]);
}

/** Like {@linkcode countsOf}, for the array map of a histogram: slots and their counts. */
function slotsOf(bpf: Bpf, name: string, deltas: CounterDeltas | undefined): [number, number][] {
  const counts = [...bpf.map(name, u32, u64.asNumber)];
  return counts.map(([index, count]): [number, number] => [
    slotOf(index),
    deltas ? deltas.since(String(index), count) : count,
  ]).filter(([, count]) => count > 0);
}

function reportHistogram(
  report: Report,
  { values: [value], label, text }: ArgdistProbe,
  counts: readonly (readonly [number, number])[],
): void {
  const valueType = label ?? (value ? shown(expressionText(value)) : "retval");
  report.histogram(counts, { valueType, about: { probe: text } });
}

/** The expression as bcc shows it: `$entry(size)` as `size`. */
const shown = (text: string) => text.replaceAll(/\$entry\(\s*(\w+)\s*\)/g, "$1");

function reportCounts(
  report: Report,
  probe: ArgdistProbe,
  entries: readonly Entry[],
  top: number | undefined,
): void {
  const sorted = entries.toSorted(([, a], [, b]) => a - b).slice(top === undefined ? 0 : -top);
  report.line(probe.label ?? probe.text);
  report.line(`${"COUNT".padEnd(COUNT_WIDTH)} EVENT`, INDENT);
  for (const [key, count] of sorted) {
    const event = eventOf(probe, key as Record<string, unknown>);
    const text = event.map(([name, value]) => `${name} = ${textOf(value)}`).join(", ");
    report.line(`${String(count).padEnd(COUNT_WIDTH)} ${text || "total calls"}`, INDENT);
    report.record("count", {
      probe: probe.label ?? probe.text,
      values: Object.fromEntries(event),
      count,
    });
  }
}

/** The values of a key, each with the text of its expression. */
function eventOf(
  { values, hook }: ArgdistProbe,
  key: Record<string, unknown>,
): (readonly [string, unknown])[] {
  if (values.length > 0) {
    return values.map((value, i) => [shown(expressionText(value)), key[`v${i}`]]);
  }
  return hook.kind === "return" ? [["retval", key.v0]] : [];
}

const textOf = (value: unknown) => typeof value === "object" ? toJson(value) : String(value);
