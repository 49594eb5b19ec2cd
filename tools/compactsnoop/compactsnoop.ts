/**
 * compactsnoop: trace compaction of memory: who waited for it, in which zone, how long, with what result.
 *
 * USAGE: compactsnoop [-T] [-p PID] [-K] [-e] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # compactsnoop -e
 *     COMM           PID    NODE ZONE         ORDER MODE    FRAGIDX  MIN      LOW      HIGH     FREE       LAT(ms)           STATUS
 *     bash           28267  0    ZONE_DMA     -1    SYNC    -1.000   20       25       30       3840         0.026         complete
 *     bash           28267  0    ZONE_DMA32   -1    SYNC    -1.000   4037     5046     6055     772917       5.903         complete
 *     bash           28267  0    ZONE_NORMAL  -1    SYNC    -1.000   12838    16047    19256    1673714    197.901         complete
 *
 * ORDER is the power of two of pages that somebody wants in one piece; -1 where all memory is compacted,
 * as /proc/sys/vm/compact_memory asks for. With -e, MIN, LOW, HIGH and FREE are the zone's watermarks and
 * free memory in pages, and FRAGIDX tells why an allocation of that order would fail: near 0 for lack of
 * memory, near 1 for fragmentation; -1 where it would not.
 *
 * Hooks: raw tracepoints mm_compaction_begin and mm_compaction_end (Linux 5.19 and later). FRAGIDX is
 * computed from the zone's free blocks when compaction begins, since not every kernel lets the function
 * be probed that bcc's tool asks.
 *
 * Overhead: two looks at each zone that is compacted, which is rare, and slow itself.
 */

import { array, chars, i32, type Infer, struct, u32, u64, UnsupportedError } from "../../mod.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { EventStacks } from "../../toolkit/stacks/event_stacks.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import object from "./compactsnoop.bpf.o.ts";

const STACK_DEPTH = 127;

const options = {
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  pid: filterOptions.pid,
  kernelStack: flag({ short: "K", long: "kernel-stack", help: "output kernel stack trace" }),
  extended: flag({ short: "e", long: "extended_fields", help: "show system memory state" }),
  ...containerOptions,
  ...eventOptions,
} as const;

/** Functions with the tracepoint's parameters after a first parameter of their own. */
const TRACERS = ["__traceiter_mm_compaction_begin", "__bpf_trace_mm_compaction_begin"];

/** @throws {UnsupportedError} before Linux 5.19, if the tracepoint has no compact_control argument */
function refuseOldKernel(machine: Machine): void {
  if (machine.functionsTaking(TRACERS, "compact_control", 2).size > 0) return;
  throw new UnsupportedError(
    "trace compaction",
    "zones of compaction",
    "tracepoint compaction:mm_compaction_begin of this kernel tells no zone",
    "5.19",
  );
}

/** enum compact_result of include/linux/compaction.h, with bcc's names. */
const RESULTS = [
  "not_suitable_zone",
  "skipped",
  "deferred",
  "no_suitable_page",
  "continue",
  "complete",
  "partial_skipped",
  "contended",
  "success",
];

const Event = struct("event", {
  who: Who,
  ns: u64.asNumber,
  time: u64.asNumber,
  zone: chars(16),
  node: i32,
  order: i32,
  status: i32,
  fragmentation_index: i32,
  low: u64.asNumber,
  min: u64.asNumber,
  high: u64.asNumber,
  free: u64.asNumber,
  sync: u32,
  kernel_size: i32,
  kernel: array(u64, STACK_DEPTH),
});
type Event = Infer<typeof Event>;

const seconds = secondsColumn<{ readonly time: number }>({ width: 14, digits: 9 });
const timestamp: Column<Event> = {
  ...seconds,
  value: ({ ns }) => seconds.value({ time: ns }),
};
const extended: readonly Column<Event>[] = [
  {
    head: "FRAGIDX",
    width: 8,
    digits: 3,
    value: ({ fragmentation_index }) => fragmentation_index / 1000,
  },
  { head: "MIN", width: 8, value: ({ min }) => min },
  { head: "LOW", width: 8, value: ({ low }) => low },
  { head: "HIGH", width: 8, value: ({ high }) => high },
  { head: "FREE", width: 8, value: ({ free }) => free },
];

const compactsnoop = defineTool({
  name: "compactsnoop",
  summary: "Trace compaction of memory: who waited, in which zone, how long, with what result.",
  examples: [
    ["compactsnoop", "trace all compactions"],
    ["compactsnoop -T", "include timestamps"],
    ["compactsnoop -d 10", "trace for 10 seconds only"],
    ["compactsnoop -p 181", "only trace PID 181"],
    ["compactsnoop -K", "output kernel stack trace"],
    ["compactsnoop -e", "show extended fields"],
  ],
  object,
  options,
  plan(values, machine) {
    refuseOldKernel(machine);
    const stacks = values.kernelStack ? new EventStacks() : undefined;
    const framesOf = (event: Event) => stacks?.kernelFrames({ ...event, user_size: 0 }) ?? [];
    return eventPlan(Event, {
      load: filterSettings(values, { with_stack: values.kernelStack }),
      prepare: () => stacks,
      columns: [
        values.timestamp && timestamp,
        commColumn(14),
        { head: "PID", width: 6, value: ({ who }) => who.pid },
        { head: "NODE", width: 4, value: ({ node }) => node },
        { head: "ZONE", width: 12, value: ({ zone }) => `ZONE_${zone.toUpperCase()}` },
        { head: "ORDER", width: 5, value: ({ order }) => order },
        { head: "MODE", width: 7, value: ({ sync }) => sync ? "SYNC" : "ASYNC" },
        ...values.extended || values.json ? extended : [],
        {
          head: "LAT(ms)",
          key: "latency_ms",
          width: 9,
          align: "right",
          digits: 3,
          value: ({ time }) => time / 1e6,
        },
        {
          head: "STATUS",
          width: 16,
          align: "right",
          value: ({ status }) => RESULTS[status] ?? status,
        },
        values.kernelStack && values.json && {
          head: "KERNEL",
          member: "texts",
          value: (event) => framesOf(event).map(({ name }) => name),
        },
      ],
      ...values.kernelStack
        ? { below: (event: Event) => framesOf(event).map(({ name }) => `        ${name}`) }
        : {},
    });
  },
});

export default compactsnoop;

if (import.meta.main) await main(compactsnoop);
