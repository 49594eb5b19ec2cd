/**
 * drsnoop: trace direct reclaim: threads that must free memory themselves before they get some.
 *
 * USAGE: drsnoop [-T] [-U] [-p PID] [-t TID] [-u UID] [-n NAME] [-v] [-d SECONDS] [-b PAGES] [--json]
 *
 * PAGES is how many were freed in that time. FREE(KB) (-v) is the machine's free memory when the row is
 * printed. What a memory cgroup makes its members free, because it is full, is not direct reclaim.
 *
 * It was seen at work on Linux 6.1 and 6.12, in guests whose memory was made short; elsewhere, that it loads.
 *
 * Hooks: raw tracepoints mm_vmscan_direct_reclaim_begin and mm_vmscan_direct_reclaim_end.
 *
 * Overhead: none but when memory is short.
 */

import { kernel, ktime, rawTracepoint, ringBuffer, signed, tid } from "../../kernel.ts";
import { callsInFlight } from "../../toolkit/kernel/base/calls.ts";
import { taskFilter } from "../../toolkit/kernel/task/filter.ts";
import { taskWho } from "../../toolkit/kernel/task/who.ts";
import { i32, type Infer, readText, struct, u64 } from "../../mod.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";

const options = {
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  printUid: flag({ short: "U", long: "print-uid", help: "print UID column" }),
  ...filterOptions,
  verbose: flag({ short: "v", long: "verbose", help: "show system memory state" }),
  ...eventOptions,
} as const;

const Event = struct("event", {
  who: Who,
  ns: u64.asNumber, // at the end of the reclaim, since boot
  time: u64.asNumber,
  pages: u64.asNumber, // freed
  order: i32,
});
type Event = Infer<typeof Event>;

const code = kernel({
  use: [taskFilter, taskWho],
  maps: { calls: callsInFlight(Event), events: ringBuffer(Event) },
}, {
  begin: rawTracepoint("mm_vmscan_direct_reclaim_begin", ({ args }, { calls, isWanted, who }) => {
    if (!isWanted()) return;
    const order = Number(signed(args[0]!, 32));
    calls.set(tid(), { who: who(), ns: Number(ktime()), time: 0, pages: 0, order });
  }),
  end: rawTracepoint("mm_vmscan_direct_reclaim_end", ({ args }, { calls, events }) => {
    const call = calls.get(tid());
    if (call === undefined) return;
    const now = Number(ktime());
    call.time = now - call.ns;
    call.ns = now;
    call.pages = Number(args[0]!);
    events.emit(call);
    calls.delete(tid());
  }),
});

const seconds = secondsColumn<{ readonly time: number }>({ width: 14, digits: 9 });
const timestamp: Column<Event> = { ...seconds, value: ({ ns }) => seconds.value({ time: ns }) };
const freeKbytes = () => Number(/^MemFree: +(\d+) kB$/m.exec(readText("/proc/meminfo"))?.[1]);

const drsnoop = defineTool({
  name: "drsnoop",
  summary: "Trace direct reclaim: threads that must free memory themselves before they get some.",
  examples: [
    ["drsnoop", "trace all direct reclaim"],
    ["drsnoop -T", "include timestamps"],
    ["drsnoop -U", "include UID"],
    ["drsnoop -p 181", "only trace PID 181"],
    ["drsnoop -t 123", "only trace TID 123"],
    ["drsnoop -u 1000", "only trace UID 1000"],
    ["drsnoop -d 10", "trace for 10 seconds only"],
    ["drsnoop -n main", 'only print process names containing "main"'],
  ],
  object: code,
  options,
  plan(values) {
    const { json, tid } = values;
    return eventPlan(Event, {
      load: filterSettings(values),
      columns: [
        values.timestamp && timestamp,
        (values.printUid || json) && { head: "UID", width: 6, value: ({ who }) => who.uid },
        commColumn(14),
        (tid === undefined || json) && { head: "PID", width: 6, value: ({ who }) => who.pid },
        (tid !== undefined || json) && { head: "TID", width: 6, value: ({ who }) => who.tid },
        {
          head: "LAT(ms)",
          key: "latency_ms",
          width: 8,
          align: "right",
          digits: 2,
          value: ({ time }) => time / 1e6,
        },
        { head: "PAGES", width: 5, align: "right", value: ({ pages }) => pages },
        json && { head: "ORDER", value: ({ order }) => order },
        (values.verbose || json) && {
          head: "FREE(KB)",
          key: "free_kb",
          width: 10,
          align: "right",
          value: freeKbytes,
        },
      ],
    });
  },
});

export default drsnoop;

if (import.meta.main) await main(drsnoop);
