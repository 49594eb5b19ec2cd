/**
 * biosnoop: trace block device I/O, one line per request.
 *
 * USAGE: biosnoop [-Q] [-d DISK] [-P] [-p PID] [-t TID] [-u UID] [-n NAME] [-b PAGES] [--json]
 *                 [--duration SECONDS]
 *
 *     # biosnoop -Q
 *     TIME(s)     COMM           PID     DISK      T SECTOR     BYTES   QUE(ms) LAT(ms)
 *     0.000000    dd             17341   loop0     W 0          4096       0.01    0.11
 *     0.002788    dd             17341   loop0     W 8          4096       0.00    0.05
 *     0.053013    dd             17342   loop0     R 0          65536      0.00    0.13
 *     1.211640    tokio-runtime- 17361   vda       W 69531088   32768      0.01    0.26
 *
 * T is what the request does: R(ead), W(rite), F(lush), D(iscard), N for others.
 *
 * Hooks: raw tracepoints block_io_start, block_rq_issue, block_io_done and, for flushes,
 * block_rq_complete (Linux 6.5 and later), or block_rq_insert, block_rq_issue and
 * block_rq_complete: then QUE(ms) leaves out the time in which a request waited for others to be
 * merged with. The process is the one that queued the request: for writes from the page cache
 * mostly a kernel thread. Devices on top of others, such as dm and md, have no requests of their
 * own.
 *
 * A flush that the disk gets is shown with the process that asked for it, the first one if it serves
 * several. Before Linux 6.5 it is shown with the thread that gave it to the disk, mostly a kernel
 * thread; so is then a write that must be on the medium before it is done.
 *
 * Overhead: about 1.1 µs per request in the kernel, and one event; a disk that does 100,000
 * requests a second costs a tenth of a CPU there and about as much for printing.
 */

import { type Infer, struct, u32, u64 } from "../../mod.ts";
import {
  blockPrograms,
  DiskNames,
  diskOption,
  operationOf,
  requestGlobals,
} from "../../toolkit/block/block.ts";
import type { Column, Columns } from "../../toolkit/output/columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, longOnly, type Values } from "../../toolkit/options/options.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import object from "./biosnoop.bpf.o.ts";

const options = {
  queue: flag({ short: "Q", long: "queue", help: "include OS queued time" }),
  disk: diskOption,
  pattern: flag({
    short: "P",
    long: "pattern",
    help: "display block I/O pattern (sequential or random)",
  }),
  ...filterOptions,
  ...eventOptions,
  duration: longOnly(eventOptions.duration),
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  sector: u64.asNumber,
  waited: u64.asNumber,
  latency: u64.asNumber,
  device: u32,
  bytes: u32,
  flags: u32,
  pattern: u32,
});
type Event = Infer<typeof Event>;

const PATTERNS = ["?", "S", "R"];
const COMM_SHOWN = 14;

const milliseconds = (head: string, key: string, ns: (event: Event) => number): Column<Event> => ({
  head,
  key,
  width: 7,
  align: "right",
  digits: 2,
  value: (event) => ns(event) / 1e6,
});

function columns(values: Values<typeof options>): Columns<Event> {
  const disks = new DiskNames();
  return [
    secondsColumn({ width: 11, digits: 6 }),
    commColumn(COMM_SHOWN),
    { head: "PID", width: 7, value: ({ who }) => who.pid },
    { head: "DISK", width: 9, value: ({ device }) => disks.name(device, "<unknown>") },
    { head: "T", width: 1, value: ({ flags }) => operationOf(flags) },
    { head: "SECTOR", width: 10, value: ({ sector }) => sector },
    { head: "BYTES", width: 7, value: ({ bytes }) => bytes },
    values.pattern && { head: "P", width: 1, value: ({ pattern }) => PATTERNS[pattern] ?? "?" },
    values.queue && milliseconds("QUE(ms)", "que_ms", ({ waited }) => waited),
    milliseconds("LAT(ms)", "lat_ms", ({ latency }) => latency),
  ];
}

const biosnoop = defineTool({
  name: "biosnoop",
  summary: "Trace block device I/O: who reads or writes which sectors of which disk, and how long.",
  examples: [
    ["biosnoop", "trace all block I/O"],
    ["biosnoop -Q", "include OS queued time"],
    ["biosnoop -d sdc", "trace sdc only"],
    ["biosnoop -P", "display block I/O pattern"],
    ["biosnoop -p 181", "only requests that process 181 queues"],
  ],
  object,
  options,
  plan(values, machine) {
    return {
      event: Event,
      load: {
        ...filterSettings(values, {
          ...requestGlobals(values.disk, machine),
          with_pattern: values.pattern,
        }),
        programs: blockPrograms(machine),
      },
      columns: columns(values),
      span: ({ time, waited, latency, flags }: Event) => {
        const duration = latency + (values.queue ? waited : 0);
        return { start: time - duration, duration, name: operationOf(flags) };
      },
    };
  },
});

export default biosnoop;

if (import.meta.main) await main(biosnoop);
