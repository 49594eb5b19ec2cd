/**
 * dcstat: show how often the cache of directory entries has the names that are looked for, at intervals.
 *
 * USAGE: dcstat [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [--json] [interval] [count]
 *
 *     # dcstat 2 2
 *     TIME         REFS/s   SLOW/s   MISS/s     HIT%
 *     02:47:16:        44        0        0   100.00
 *     02:47:20:       441        0        0    99.84
 *
 * REFS counts the names that path walks look for, SLOW those that were not found the fast way, MISS those
 * for which the file system had to be asked, whether it has them or not; bcc's tool does not count the
 * misses of stat(2) and the like. HIT% is what of REFS was not missed. JSON has the counts of the
 * interval, not by second.
 *
 * Hooks: fexit of d_lookup and fentry of d_alloc_parallel, or kprobes where the kernel has no fentry, and a
 * kprobe on lookup_fast. There is no tracepoint in their place: a kernel without kprobes is refused.
 *
 * Overhead: an addition per name of each path. It was not measured: only guests have the hooks, and what they
 * emulate tells nothing of time.
 */

import { dcacheHooks } from "../../toolkit/fs/dcache.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { clockColumns, counterRows, rateColumn } from "../../toolkit/output/counter_rows.ts";
import { main } from "../../toolkit/run/main.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  filterOptions,
  filterSettings,
  intervalArgumentsEvery,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./dcstat.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const INTERVAL_SECONDS = 1;

const options = {
  ...filterOptions,
  ...intervalArgumentsEvery(INTERVAL_SECONDS),
  ...standardOptions,
} as const;

interface Row {
  readonly clock: string;
  readonly refs: number;
  readonly slow: number;
  readonly miss: number;
  /** Per cent; undefined if there were no look-ups. */
  readonly hit: number | undefined;
}

/** Computes a row from the counters of dcache.h. */
function rowOf(clock: string, [refs = 0, found = 0, miss = 0]: readonly number[]): Row {
  const hit = refs > 0 ? 100 * Math.max(0, refs - miss) / refs : undefined;
  return { clock, refs, slow: found + miss, miss, hit };
}

const columns = (report: Report): Column<Row>[] => [
  ...clockColumns<Row>(report),
  rateColumn("refs", report.seconds, ({ refs }) => refs),
  rateColumn("slow", report.seconds, ({ slow }) => slow),
  rateColumn("miss", report.seconds, ({ miss }) => miss),
  {
    head: "HIT%",
    key: "hit_percent",
    width: 8,
    align: "right",
    value: ({ hit }) => hit ?? null,
    text: ({ hit }) => hit?.toFixed(2) ?? "-%",
  },
];

const dcstat = defineTool({
  name: "dcstat",
  summary: "Show the hit ratio of the directory entry cache, at intervals.",
  examples: [
    ["dcstat", "a line each second"],
    ["dcstat 5", "a line every 5 seconds"],
    ["dcstat 1 10", "1 second summaries, 10 times"],
  ],
  object,
  options,
  sample: false, // not every kernel has kprobes
  plan(values, machine) {
    const { interval = INTERVAL_SECONDS } = values;
    const { programs, attach } = dcacheHooks(machine, { pathWalks: true });
    return {
      interval,
      count: values.count,
      load: { ...filterSettings(values), programs },
      attach: (bpf) => Promise.resolve(attach(bpf)),
      records: [
        rowShape({ refs: "count", slow: "count", miss: "count", hit_percent: "number?" }),
      ],
      report: counterRows(columns, rowOf),
    };
  },
});

export default dcstat;

if (import.meta.main) await main(dcstat);
