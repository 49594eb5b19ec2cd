/**
 * llcstat: count references to the last level cache of the CPU and misses, by process.
 *
 * USAGE: llcstat [-c SAMPLE_PERIOD] [-t] [-d SECONDS] [--json] [duration]
 *
 *     # llcstat
 *     llcstat: Cannot attach program "referenced" to perf event cache-references: No such file or directory
 *     (ENOENT): this machine has no such event: virtual machines often lack hardware counters
 *
 * Of so many references and misses (-c) one is looked at and counts for all: processes with few are not
 * seen, and numbers are multiples of it.
 *
 * It was never tested on a machine with such counters, for there was none. Tests have its programs count page
 * faults and context switches instead, with each filter, and compare what it prints of known counts; where there
 * are no counters, it says so.
 *
 * Hooks: the CPU's counters of cache references and misses (perf events of type hardware).
 *
 * Overhead: one sample per 100 events: a program that misses the cache a lot makes a lot of them; raise -c.
 */

import { type Bpf, chars, struct, u32, u64 } from "../../mod.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, number, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { secondsArgument } from "../../toolkit/stacks/stack_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { type CacheSums, hitPercent, totals } from "./hit_rate.ts";
import object from "./llcstat.bpf.o.ts";
import { recordShape, rowShape } from "../../toolkit/records/record_shape.ts";

const PERIOD = 100;
const SECONDS = 10;

const options = {
  period: number({
    short: "c",
    long: "sample_period",
    meta: "SAMPLE_PERIOD",
    help: `sample one in this many cache reference / miss events (default ${PERIOD})`,
    what: "a number of events",
    min: 1,
    max: 2147483647,
  }),
  tids: flag({ short: "t", long: "tid", help: "summarize cache references and misses by PID/TID" }),
  seconds: { ...secondsArgument, help: `duration, in seconds, to run (default ${SECONDS})` },
  ...containerOptions,
  ...standardOptions,
} as const;

const Key = struct("key", { cpu: u32, pid: u32, tid: u32, comm: chars(16) });
const Sums = struct("sums", { references: u64.asNumber, misses: u64.asNumber });

interface Row extends CacheSums {
  readonly cpu: number;
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
}

function columns({ tids, json }: Values<typeof options>): Column<Row>[] {
  const thread: Column<Row> = { head: "TID", width: 8, value: ({ tid }) => tid };
  return [
    { head: "PID", width: 8, value: ({ pid }) => pid },
    ...tids ? [thread] : [],
    { head: "NAME", ...json ? { key: "comm" } : {}, width: 16, value: ({ comm }) => comm },
    { head: "CPU", width: 4, value: ({ cpu }) => cpu },
    { head: "REFERENCE", width: 12, align: "right", value: ({ references }) => references },
    { head: "MISS", width: 12, align: "right", value: ({ misses }) => misses },
    {
      head: "HIT%",
      key: "hit_percent",
      width: 7,
      align: "right",
      value: hitPercent,
      text: (row) => `${hitPercent(row).toFixed(2)}%`,
    },
  ];
}

/** Prints the counts, estimated from the samples. */
function print(bpf: Bpf, report: Report, values: Values<typeof options>): void {
  const { period = PERIOD } = values;
  const rows = [...bpf.map("caches", Key, Sums)].map(([key, { references, misses }]): Row => ({
    ...key,
    references: references * period,
    misses: misses * period,
  }));
  report.table(columns(values), rows);
  const all = totals(rows);
  const rate = hitPercent(all);
  report.line(
    `Total References: ${all.references} Total Misses: ${all.misses} Hit Rate: ${rate.toFixed(2)}%`,
  );
  report.record("total", { ...all, hit_percent: rate });
  reportDropped(bpf, report, "llcstat", "samples");
}

const llcstat = defineTool({
  name: "llcstat",
  summary: "Count references to the last level cache and misses, by process.",
  examples: [
    ["llcstat", `count for ${SECONDS} seconds, by process and CPU`],
    ["llcstat -c 1000 60", "for a minute, one sample of 1000 events"],
    ["llcstat -t", "by thread"],
  ],
  object,
  options,
  sample: false, // virtual machines lack the counters
  plan(values) {
    const { period = PERIOD, seconds = SECONDS } = values;
    return {
      intro: `Running for ${seconds} seconds or hit Ctrl-C to end.`,
      interval: seconds,
      count: 1,
      load: filterSettings(values, { by_thread: values.tids }),
      attach(bpf) {
        const events = [["referenced", "cache-references"], ["missed", "cache-misses"]] as const;
        return Promise.resolve(
          events.map(([program, event]) => bpf.program(program).attachPerfEvent({ event, period })),
        );
      },
      records: [
        rowShape({
          pid: "id",
          ...values.tids && { tid: "id" as const },
          comm: "text",
          cpu: "id",
          reference: "count",
          miss: "count",
          hit_percent: "number?",
        }),
        recordShape("total", { references: "count", misses: "count", hit_percent: "number?" }),
      ],
      report: (bpf, report) => print(bpf, report, values),
    };
  },
});

export default llcstat;

if (import.meta.main) await main(llcstat);
