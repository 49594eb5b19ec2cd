/**
 * bitesize: summarize block device I/O sizes as a histogram, by process name.
 *
 * USAGE: bitesize [-T] [-c COMM] [-d DISK] [--duration SECONDS] [--json] [interval] [count]
 *
 *     # bitesize
 *     Tracing block I/O... Hit Ctrl-C to end.
 *     ^C
 *
 *     Process Name = dd
 *          Kbytes              : count     distribution
 *              0 -> 1          : 0        |                                        |
 *              2 -> 3          : 0        |                                        |
 *              4 -> 7          : 101      |****************************************|
 *              8 -> 15         : 0        |                                        |
 *             16 -> 31         : 0        |                                        |
 *             32 -> 63         : 0        |                                        |
 *             64 -> 127        : 50       |*******************                     |
 *
 * The process is the one that gives a request to the disk: for writes from the page cache, and where a
 * scheduler lets requests wait, mostly a kernel thread. Flushes have no data and count as 0.
 *
 * Hooks: raw tracepoint block_rq_issue. Devices on top of others, such as dm and md, have no requests
 * of their own.
 *
 * Overhead: one look-up in a map per request.
 */

import { comm, histogram, kernel, rawTracepoint } from "../../kernel.ts";
import { blockRequests } from "../../toolkit/kernel/block/request.ts";
import { taskFilter } from "../../toolkit/kernel/task/filter.ts";
import { type Bpf, chars, histogramSections, struct, u32, u64 } from "../../mod.ts";
import { diskOption, requestGlobals } from "../../toolkit/block/block.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, longOnly, text, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  filterSettings,
  intervalArguments,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { histogramShape } from "../../toolkit/records/record_shape.ts";

const options = {
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  process: text({
    short: "c",
    long: "comm",
    meta: "COMM",
    help: "trace processes of this name only",
  }),
  disk: diskOption,
  ...intervalArguments,
  ...containerOptions,
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;

const Key = struct("key", { of: chars(16), slot: u32 });

const code = kernel({
  use: [taskFilter, blockRequests],
  maps: { sizes: histogram(chars(16), { dropped: "dropped" }) }, // counts since the start
}, {
  issue: rawTracepoint("block_rq_issue", ({ args }, outside) => {
    const request = outside.requestOf(args);
    if (!outside.isDeviceWanted(request) || !outside.isWanted()) return;
    const kbytes = request.__data_len >> 10;
    // As in bcc's tool, which has no slot for 0: smaller requests count as 1 KiB.
    outside.sizes.record(kbytes === 0 ? 1 : kbytes, comm());
  }),
});

/** Returns the function that prints the counts since its last call. */
function reporter(
  { process, timestamp }: Values<typeof options>,
): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  return (bpf, report) => {
    const sizes = bpf.map("sizes", Key, u64.asNumber);
    const entries = [...deltasOf(sizes, deltas, (count) => ({ count }))]
      .filter(([{ of }]) => process === undefined || of === process)
      .map(([key, { count }]) => [key, count] as const);
    const sections = histogramSections(entries, ({ of, slot }) => [of, slot])
      .sort((a, b) => a.section < b.section ? -1 : 1);
    if (timestamp) report.line(report.clock);
    report.histograms(sections, {
      valueType: "Kbytes",
      sectionHeader: "Process Name",
      members: (comm) => ({ comm }),
    });
    reportDropped(bpf, report, "bitesize", "requests");
  };
}

const bitesize = defineTool({
  name: "bitesize",
  summary: "Summarize block device I/O sizes as a histogram, by process name.",
  examples: [
    ["bitesize", "summarize block I/O sizes until Ctrl-C"],
    ["bitesize 1 10", "print 1 second summaries, 10 times"],
    ["bitesize -T 1", "1 second summaries with timestamps"],
    ["bitesize -c fio", "trace processes called fio only"],
    ["bitesize -d sdc", "trace sdc only"],
  ],
  object: code,
  options,
  plan(values, machine) {
    return {
      intro: "Tracing block I/O... Hit Ctrl-C to end.",
      interval: values.interval,
      count: values.count,
      load: filterSettings(values, requestGlobals(values.disk, machine)),
      records: [histogramShape({ comm: "text" })],
      report: reporter(values),
    };
  },
});

export default bitesize;

if (import.meta.main) await main(bitesize);
