/**
 * numasched: trace threads that move to another NUMA node.
 *
 * USAGE: numasched [-p PID] [-t TID] [-c COMM] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # numasched -p 529
 *     Tracing task NUMA switch...
 *     TIME     PID      TID      SRC_NID     DST_NID  COMM
 *     02:48:59 529      529      0        -> 1        python3
 *     02:49:00 529      529      1        -> 0        python3
 *     02:49:00 529      529      0        -> 1        python3
 *
 * A move is seen when the thread gives up a CPU of its new node. On machines with one node there is none;
 * moves were seen on Linux 6.1 and 6.12, in guests with two.
 *
 * Hooks: raw tracepoint sched_switch, with the kernel's types. Needs Linux >= 5.12.
 */

import { struct, u32 } from "../../mod.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { text } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./numasched.bpf.o.ts";

const options = {
  pid: filterOptions.pid,
  tid: filterOptions.tid,
  name: text({ short: "c", long: "comm", meta: "COMM", help: "trace threads of this name only" }),
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", { who: Who, from: u32, to: u32 });

const numasched = defineTool({
  name: "numasched",
  summary: "Trace threads that move to another NUMA node.",
  examples: [
    ["numasched", "trace all threads"],
    ["numasched -p 185", "trace process 185 only"],
    ["numasched -c java", "trace threads called java only"],
  ],
  object,
  options,
  plan(values) {
    const { name } = values;
    return {
      ...eventPlan(Event, {
        load: filterSettings(values),
        wants: ({ who }) => name === undefined || who.comm === name,
        columns: [
          clockColumn(),
          { head: "PID", width: 8, value: ({ who }) => who.pid },
          { head: "TID", width: 8, value: ({ who }) => who.tid },
          {
            head: "SRC_NID",
            width: 11,
            value: ({ from }) => from,
            text: ({ from }) => `${String(from).padEnd(8)} ->`,
          },
          { head: "DST_NID", width: 8, value: ({ to }) => to },
          { head: "COMM", width: 8, value: ({ who }) => who.comm },
        ],
      }),
      intro: "Tracing task NUMA switch...",
    };
  },
});

export default numasched;

if (import.meta.main) await main(numasched);
