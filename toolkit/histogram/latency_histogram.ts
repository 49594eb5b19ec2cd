/**
 * Reports of latency histograms (latency_histogram.h).
 *
 * @module
 */

import { type Bpf, histogramSections, type LoadOptions, struct, u32, u64 } from "../../mod.ts";
import { CounterDeltas, deltasOf } from "../output/counter_deltas.ts";
import { reportDropped, tellDropped } from "../run/losses.ts";
import { flag, type Values } from "../options/options.ts";
import type { Machine } from "../machine/machine.ts";
import { endedNames, FORGOTTEN_NAMES, TaskNames } from "../task/ended_names.ts";
import type { Report } from "../output/report.ts";
import {
  type filterOptions,
  filterSettings,
  type intervalArguments,
} from "../options/standard_options.ts";
import type { ReportPlan } from "../run/tool.ts";
import { histogramShape, type Members, SUMMARY_SHAPE } from "../records/record_shape.ts";

/** The options of tools with such reports. */
export const distributionOptions = {
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  milliseconds: flag({ short: "m", long: "milliseconds", help: "millisecond histogram" }),
  pids: flag({ short: "P", long: "pids", help: "print a histogram per process ID" }),
  tids: flag({ short: "L", long: "tids", help: "print a histogram per thread ID" }),
} as const;

/** Their values. */
type DistributionValues =
  & Values<typeof distributionOptions & typeof intervalArguments>
  & Partial<Values<typeof filterOptions>>
  & { readonly extension?: boolean };

/** How reports look. */
interface DistributionOptions {
  /** The tool's name. */
  readonly name: string;
  readonly timestamp: boolean;
  readonly milliseconds: boolean;
  /** Print average, total and count below each report. */
  readonly extension?: boolean;
  /** The key of each histogram: `pid`; undefined: there is only one histogram. */
  readonly section: string | undefined;
  /** Name the processes, including those that have ended (ended_names.h). */
  readonly names: boolean;
  /** The text for a histogram's key, instead of the number. */
  readonly sectionText?: ((id: number) => string) | undefined;
}

/** The unit of the histogram. */
const unitOf = ({ milliseconds }: { readonly milliseconds: boolean }) =>
  milliseconds ? { name: "msecs", ns: 1e6 } : { name: "usecs", ns: 1e3 };

const Key = struct("key", { id: u32, slot: u32 });

/** Parameters of {@linkcode distributionPlan} besides the options. */
export interface DistributionDetails {
  /** Globals of the tool's own. */
  readonly globals: Readonly<Record<string, unknown>>;
  /** The key of histograms that are not by process or thread. */
  readonly section?: string | undefined;
  /** Name the processes on this machine. */
  readonly names?: Machine | undefined;
  /** The text for a histogram's key, instead of the number. */
  readonly sectionText?: (id: number) => string;
}

/** The plan of a tool that makes histograms by process or thread. @throws {UsageError} */
export function distributionPlan(
  name: string,
  values: DistributionValues,
  { globals, section, names, sectionText }: DistributionDetails,
): ReportPlan & { readonly load: LoadOptions } {
  const { pids, tids, interval, count } = values;
  const filters = filterSettings(values, {
    unit_ns: unitOf(values).ns,
    by_process: pids,
    by_thread: tids,
    ...globals,
  });
  const shown = tids ? "tid" : pids ? "pid" : section;
  return {
    interval,
    count,
    records: [
      histogramShape(shown === undefined ? {} : aboutSection(shown, sectionText !== undefined)),
      ...values.extension ? [SUMMARY_SHAPE] : [],
    ],
    load: names
      ? {
        ...filters,
        maps: { ...filters.maps, ...endedNames(names).maps },
        programs: { keep_ended_name: pids || tids },
      }
      : filters,
    report: distribution({
      ...values,
      name,
      section: shown,
      names: names !== undefined,
      sectionText,
    }),
  };
}

const aboutSection = (section: string, isText: boolean): Members =>
  isText ? { [section]: "text" } : { [section]: "id", "comm?": "text" };

/** Makes the function that prints what was counted since it was last called. */
function distribution(options: DistributionOptions): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const { name: valueType } = unitOf(options);
  return (bpf, report) => {
    const times = bpf.map("times", Key, u64.asNumber);
    const entries = [...deltasOf(times, deltas, (count) => ({ count }))]
      .map(([key, { count }]) => [key, count] as const);
    report.line();
    if (options.timestamp) report.line(report.clock);
    const sections = histogramSections(entries, ({ id, slot }) => [id, slot])
      .sort((a, b) => a.section - b.section);
    const { section: sectionHeader, sectionText } = options;
    if (sectionHeader === undefined) {
      report.histogram(sections[0]?.counts ?? [], { valueType });
    } else if (sectionText) {
      report.histograms(sections, { valueType, sectionHeader, formatSection: sectionText });
    } else {
      const names = options.names ? new TaskNames(bpf) : undefined;
      const name = (id: number) => names?.of(id);
      const formatSection = (id: number) => [id, name(id)].filter(Boolean).join(" ");
      const members = (id: number) => ({ [sectionHeader]: id, comm: name(id) });
      report.histograms(sections, { valueType, sectionHeader, formatSection, members });
      const reason = FORGOTTEN_NAMES;
      if (names) tellDropped(report, options.name, "names", names.forgotten, { reason });
    }
    if (options.extension) {
      const count = entries.reduce((sum, [, count]) => sum + count, 0);
      const time = deltas.since("time", bpf.global("total_time", u64.asNumber).value);
      reportSummary(report, unitOf(options), count, time);
    }
    reportDropped(bpf, report, options.name, "times");
  };
}

/** Average, total and count below a report; nothing if nothing was counted. `time` is in ns. */
export function reportSummary(
  report: Report,
  unit: { readonly name: string; readonly ns: number },
  count: number,
  time: number,
): void {
  if (count === 0) return;
  const [average, total] = [time / count, time].map((ns) => Math.floor(ns / unit.ns));
  report.line();
  report.line(`avg = ${average} ${unit.name}, total: ${total} ${unit.name}, count: ${count}`);
  report.line();
  report.record("summary", { value: unit.name, average, total, count });
}
