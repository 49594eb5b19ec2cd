/**
 * wqlat: summarize how long work in the kernel's work queues waits until it is done, as a histogram.
 *
 * USAGE: wqlat [-T] [-N] [-W] [-w WQNAME] [-d SECONDS] [--json] [interval] [count]
 *
 *     # wqlat
 *     Tracing work queue request latency time... Hit Ctrl-C to end.
 *     ^C
 *          usecs               : count     distribution
 *              0 -> 1          : 7        |*********                               |
 *              2 -> 3          : 2        |**                                      |
 *              4 -> 7          : 1        |*                                       |
 *              8 -> 15         : 31       |****************************************|
 *             16 -> 31         : 7        |*********                               |
 *             32 -> 63         : 11       |**************                          |
 *             64 -> 127        : 1        |*                                       |
 *
 * The time is that from when work was put into a queue until a worker begins with it. Work that is to be
 * done after a while counts from when that is over.
 *
 * Hooks: raw tracepoints workqueue_queue_work and workqueue_execute_start. Work belongs to no process, so
 * there are no filters by process or container.
 *
 * Overhead: two look-ups and two updates for each piece of work.
 */

import { type Bpf, chars, histogramSections, struct, u32, u64 } from "../../mod.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, text, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { intervalArguments, standardOptions } from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./wqlat.bpf.o.ts";
import { histogramShape } from "../../toolkit/records/record_shape.ts";

const options = {
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  nanoseconds: flag({ short: "N", long: "nanoseconds", help: "output in nanoseconds" }),
  queues: flag({ short: "W", long: "workqueues", help: "print a histogram per work queue" }),
  queue: text({ short: "w", long: "wqname", meta: "WQNAME", help: "print this workqueue only" }),
  ...intervalArguments,
  ...standardOptions,
} as const;

const Key = struct("key", { name: chars(32), slot: u32 });

/** Returns the function that prints the counts since its last call. */
function reporter(
  { timestamp, nanoseconds, queues, queue }: Values<typeof options>,
): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const valueType = nanoseconds ? "nsecs" : "usecs";
  return (bpf, report) => {
    const latencies = bpf.map("latencies", Key, u64.asNumber);
    const entries = [...deltasOf(latencies, deltas, (count) => ({ count }))]
      .filter(([{ name }]) => queue === undefined || name === queue)
      .map(([key, { count }]) => [key, count] as const);
    const sections = histogramSections(entries, ({ name, slot }) => [queues ? name : "", slot])
      .sort((a, b) => a.section < b.section ? -1 : 1);
    report.line();
    if (timestamp) report.line(report.clock);
    if (queues) report.histograms(sections, { valueType, sectionHeader: "wqname" });
    else report.histogram(sections[0]?.counts ?? [], { valueType });
    reportDropped(bpf, report, "wqlat", "pieces of work");
  };
}

const wqlat = defineTool({
  name: "wqlat",
  summary: "Summarize how long work in the kernel's work queues waits, as a histogram.",
  examples: [
    ["wqlat", "summarize workqueue latency as a histogram"],
    ["wqlat 1 10", "print 1 second summaries, 10 times"],
    ["wqlat -W 1 10", "the same for each workqueue"],
    ["wqlat -NT 1", "1s summaries, nanoseconds, and timestamps"],
    ["wqlat -w nvmet_tcp_wq 1", "1s summaries for workqueue nvmet_tcp_wq"],
  ],
  object,
  options,
  plan(values) {
    return {
      intro: "Tracing work queue request latency time... Hit Ctrl-C to end.",
      interval: values.interval,
      count: values.count,
      load: { globals: { unit_ns: values.nanoseconds ? 1 : 1000 } },
      records: [histogramShape(values.queues ? { wqname: "text" } : {})],
      report: reporter(values),
    };
  },
});

export default wqlat;

if (import.meta.main) await main(wqlat);
