/**
 * biopattern: show how much of the I/O of each disk is random, and how much sequential.
 *
 * USAGE: biopattern [-T] [-d DISK] [--duration SECONDS] [--json] [interval] [count]
 *
 *     # biopattern 1
 *     TIME      DISK     %RND  %SEQ    COUNT     KBYTES
 *     08:04:12  loop0       1    99      151       3920
 *     08:04:12  vda        97     3      106        524
 *
 * A request is sequential when it begins where the request that was completed before it on the same disk
 * ended. The first request of a disk is neither, so it is not counted; nor are flushes, which have no place
 * on the disk. Requests that a disk completes in another order than they were given to it count as random.
 *
 * Hooks: raw tracepoint block_rq_complete. Completions belong to no process, so there are no filters
 * by process or container. Devices on top of others, such as dm and md, have no requests of their own.
 *
 * Overhead: one look-up in a map per request.
 */

import { type Bpf, struct, u32, u64 } from "../../mod.ts";
import { DiskNames, diskOption, targetDevice } from "../../toolkit/block/block.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas } from "../../toolkit/output/counter_deltas.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, longOnly } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { intervalArguments, standardOptions } from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./biopattern.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const BYTES_PER_KBYTE = 1024;

const options = {
  timestamp: flag({
    short: "T",
    long: "timestamp",
    help: "include timestamp on output; it always is, the option is libbpf-tools'",
  }),
  disk: diskOption,
  ...intervalArguments,
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;

const Pattern = struct("pattern", {
  next_sector: u64,
  sequential: u64.asNumber,
  random: u64.asNumber,
  bytes: u64.asNumber,
});

interface Row {
  readonly clock: string;
  readonly disk: string;
  readonly sequential: number;
  readonly random: number;
  readonly bytes: number;
}

const percentRandom = ({ random, sequential }: Row) =>
  Math.round(random * 100 / (random + sequential));

const columns: readonly Column<Row>[] = [
  { head: "DISK", width: 7, value: ({ disk }) => disk },
  { head: "%RND", key: "random_percent", width: 5, align: "right", value: percentRandom },
  {
    head: "%SEQ",
    key: "sequential_percent",
    width: 5,
    align: "right",
    value: (row) => 100 - percentRandom(row),
  },
  {
    head: "COUNT",
    width: 8,
    align: "right",
    value: ({ random, sequential }) => random + sequential,
  },
  {
    head: "KBYTES",
    width: 10,
    align: "right",
    value: ({ bytes }) => bytes / BYTES_PER_KBYTE,
    text: ({ bytes }) => String(Math.floor(bytes / BYTES_PER_KBYTE)),
  },
];
const withTime: readonly Column<Row>[] = [
  { head: "TIME", width: 9, value: ({ clock }) => clock },
  ...columns,
];

/** Returns the function that prints the counts since its last call. */
function reporter(): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const names = new DiskNames();
  let heading = true;
  return (bpf, report) => {
    const disks = bpf.map("disks", u32, Pattern);
    // Entries are not deleted: they hold the position that the next request is compared with.
    const rows = [...disks].map(([device, pattern]): Row => ({
      clock: report.clock,
      disk: names.name(device, "Unknown"),
      sequential: deltas.since(`${device} sequential`, pattern.sequential),
      random: deltas.since(`${device} random`, pattern.random),
      bytes: deltas.since(`${device} bytes`, pattern.bytes),
    })).filter(({ sequential, random }) => sequential + random > 0);
    report.table(report.json ? columns : withTime, rows, { heading });
    heading = false;
    reportDropped(bpf, report, "biopattern", "requests");
  };
}

const biopattern = defineTool({
  name: "biopattern",
  summary: "Show how much of the I/O of each disk is random, and how much sequential.",
  examples: [
    ["biopattern", "show block I/O pattern, once at the end"],
    ["biopattern 1 10", "print 1 second summaries, 10 times"],
    ["biopattern -d sdb", "show sdb only"],
  ],
  object,
  options,
  plan(values, machine) {
    return {
      interval: values.interval,
      count: values.count,
      load: { globals: { target_device: targetDevice(values.disk, machine) } },
      records: [
        rowShape({
          disk: "text",
          random_percent: "number",
          sequential_percent: "number",
          count: "count",
          kbytes: "count",
        }),
      ],
      report: reporter(),
    };
  },
});

export default biopattern;

if (import.meta.main) await main(biopattern);
