/**
 * biolatency: summarize block device I/O latency as a histogram.
 *
 * USAGE: biolatency [-T] [-Q] [-m] [-D | -F] [-e] [-j] [-d DISK] [--duration SECONDS]
 *                   [interval] [count]
 *
 *     # biolatency -D
 *     Tracing block device I/O... Hit Ctrl-C to end.
 *     ^C
 *
 *     disk = loop0
 *          usecs               : count     distribution
 *              0 -> 1          : 0        |                                        |
 *              2 -> 3          : 0        |                                        |
 *              4 -> 7          : 4        |**                                      |
 *              8 -> 15         : 55       |****************************************|
 *             16 -> 31         : 42       |******************************          |
 *             32 -> 63         : 19       |*************                           |
 *             64 -> 127        : 44       |********************************        |
 *            128 -> 255        : 9        |******                                  |
 *
 * Hooks: raw tracepoints block_io_start, block_rq_issue, block_io_done and, for flushes,
 * block_rq_complete (Linux 6.5 and later), or block_rq_insert, block_rq_issue and
 * block_rq_complete: then -Q leaves out the time in which a request waited for others to be merged
 * with. Devices on top of others, such as dm and md, have no requests of their own.
 *
 * Flushes that the disk gets are counted too; filters by container take them for that of the first one
 * that asked, or before Linux 6.5 for that of the thread that gave it to the disk.
 *
 * Overhead: about 1.7 µs per request in the kernel; the counts stay there until a report.
 */

import { type Bpf, histogramSections, struct, u32, u64 } from "../../mod.ts";
import { blockPrograms, DiskNames, diskOption, requestGlobals } from "../../toolkit/block/block.ts";
import { requestFlags } from "../../toolkit/block/request_flags.ts";
import { CounterDeltas } from "../../toolkit/output/counter_deltas.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, longOnly, UsageError, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  filterSettings,
  intervalArguments,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./biolatency.bpf.o.ts";
import { histogramShape, SUMMARY_SHAPE } from "../../toolkit/records/record_shape.ts";

const options = {
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  queued: flag({ short: "Q", long: "queued", help: "include OS queued time in I/O time" }),
  milliseconds: flag({ short: "m", long: "milliseconds", help: "millisecond histogram" }),
  disks: flag({ short: "D", long: "disks", help: "print a histogram per disk device" }),
  flags: flag({ short: "F", long: "flags", help: "print a histogram per set of I/O flags" }),
  extension: flag({ short: "e", long: "extension", help: "summarize average/total value" }),
  ...intervalArguments,
  disk: diskOption,
  ...containerOptions,
  ...standardOptions,
  json: { ...standardOptions.json, short: "j" },
  duration: longOnly(standardOptions.duration),
} as const;

const Key = struct("key", { device: u32, flags: u32, slot: u32 });
const Sums = struct("sums", { count: u64.asNumber, time: u64.asNumber });

/** Returns the function that prints the counts since its last call. */
function reporter(values: Values<typeof options>): (bpf: Bpf, report: Report) => void {
  const disks = new DiskNames();
  const deltas = new CounterDeltas();
  const unit = values.milliseconds ? { name: "msecs", ns: 1e6 } : { name: "usecs", ns: 1e3 };

  return (bpf, report) => {
    let [count, time] = [0, 0];
    const entries = [...bpf.map("latencies", Key, Sums)].map(([key, sums]) => {
      const name = `${key.device},${key.flags},${key.slot}`;
      const counted = deltas.since(name, sums.count);
      count += counted;
      time += deltas.since(`${name} time`, sums.time);
      return [key, counted] as const;
    }).filter(([, counted]) => counted > 0);

    report.line();
    if (values.timestamp) report.line(report.clock);
    const sections = histogramSections(entries, ({ device, flags, slot }) => {
      if (values.disks) return [disks.name(device), slot];
      return [values.flags ? requestFlags(flags) : "", slot];
    }).sort((a, b) => a.section < b.section ? -1 : 1);
    if (values.disks || values.flags) {
      const sectionHeader = values.disks ? "disk" : "flags";
      report.histograms(sections, { valueType: unit.name, sectionHeader });
    } else {
      report.histogram(sections[0]?.counts ?? [], { valueType: unit.name });
    }
    if (values.extension && count > 0) {
      const [average, total] = [time / count, time].map((ns) => Math.floor(ns / unit.ns));
      report.line();
      report.line(`avg = ${average} ${unit.name}, total: ${total} ${unit.name}, count: ${count}`);
      report.record("summary", { value: unit.name, average, total, count });
    }
    reportDropped(bpf, report, "biolatency", "requests");
  };
}

const biolatency = defineTool({
  name: "biolatency",
  summary: "Summarize block device I/O latency as a histogram.",
  examples: [
    ["biolatency", "summarize block I/O latency as a histogram"],
    ["biolatency 1 10", "print 1 second summaries, 10 times"],
    ["biolatency -mT 1", "1 second summaries, milliseconds and timestamps"],
    ["biolatency -Q", "include OS queued time in I/O time"],
    ["biolatency -D", "show each disk device separately"],
    ["biolatency -F", "show I/O flags separately"],
    ["biolatency -j", "print JSON"],
    ["biolatency -e", "show extension summary (total, average)"],
    ["biolatency -d sdc", "trace sdc only"],
  ],
  object,
  options,
  plan(values, machine) {
    if (values.disks && values.flags) throw new UsageError("use either -D/--disks or -F/--flags");
    return {
      intro: "Tracing block device I/O... Hit Ctrl-C to end.",
      interval: values.interval,
      count: values.count,
      load: {
        ...filterSettings(values, {
          ...requestGlobals(values.disk, machine),
          from_queued: values.queued,
          by_disk: values.disks,
          by_flags: values.flags,
          unit_ns: values.milliseconds ? 1e6 : 1e3,
        }),
        programs: blockPrograms(machine),
      },
      records: [
        histogramShape(values.disks ? { disk: "text" } : values.flags ? { flags: "text" } : {}),
        ...values.extension ? [SUMMARY_SHAPE] : [],
      ],
      report: reporter(values),
    };
  },
});

export default biolatency;

if (import.meta.main) await main(biolatency);
