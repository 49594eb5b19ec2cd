/**
 * exitsnoop: trace all process termination (exit, fatal signal).
 *
 * USAGE: exitsnoop [-t] [--utc] [-p PID] [--label LABEL] [-x] [--per-thread] [-d SECONDS]
 *                  [-b PAGES] [--json]
 *
 *     # exitsnoop
 *     PCOMM            PID     PPID    TID     AGE(s)  EXIT_CODE
 *     bash             21744   21416   21744   0.00    signal 9 (KILL)
 *     bash             21745   21416   21745   0.01    code 7
 *     python3          21747   21416   21747   2.31    signal 11 (SEGV), core dumped
 *
 * Hooks: tracepoint sched/sched_process_exit. A process ends with its last thread: neither the end of
 * another nor the exec of a thread, by which the first one ends, is told; --per-thread tells both. Name
 * and age are those of its first thread, the code is what its parent gets.
 *
 * Overhead: about 8 µs per ended process.
 */

import { i32, struct, u32, u64 } from "../../mod.ts";
import { preciseTimeColumn } from "../../toolkit/output/time_columns.ts";
import { dumpedCore, endingSignal, exitCode, statusText } from "./exit_status.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, text } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./exitsnoop.bpf.o.ts";

const options = {
  timestamp: flag({
    short: "t",
    long: "timestamp",
    help: "include timestamp (local time default)",
  }),
  utc: flag({ long: "utc", help: "include timestamp in UTC (-t implied)" }),
  pid: { ...filterOptions.pid, help: "trace this process only, until it ends" },
  label: text({ long: "label", meta: "LABEL", help: 'label each line; an empty one is "exit"' }),
  failed: flag({ short: "x", long: "failed", help: "trace only fails, exclude exit(0)" }),
  perThread: flag({ long: "per-thread", help: "trace per thread termination" }),
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", { age: u64.asNumber, who: Who, ppid: u32, status: i32 });

const exitsnoop = defineTool({
  name: "exitsnoop",
  summary: "Trace all process termination: who ended, how old, and by which code or signal.",
  examples: [
    ["exitsnoop", "trace all process termination"],
    ["exitsnoop -x", "trace only fails, exclude exit(0)"],
    ["exitsnoop -t", "include timestamps (local time)"],
    ["exitsnoop --utc", "include timestamps (UTC)"],
    ["exitsnoop -p 181", "only trace process 181, until it ends"],
    ["exitsnoop --label=exit", "label each output line with 'exit'"],
    ["exitsnoop --per-thread", "trace per thread termination"],
  ],
  object,
  options,
  plan(values) {
    const { timestamp, utc, pid, label, failed, perThread, json } = values;
    return eventPlan(Event, {
      load: filterSettings(values, { failed_only: failed, per_thread: perThread }),
      most: pid !== undefined && !perThread ? 1 : undefined,
      columns: [
        (timestamp || utc) && preciseTimeColumn(values),
        label !== undefined && { head: "LABEL", width: 5, value: () => label || "exit" },
        { head: "PCOMM", width: 16, value: ({ who }) => who.comm },
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        { head: "PPID", width: 7, value: ({ ppid }) => ppid },
        { head: "TID", width: 7, value: ({ who }) => who.tid },
        { head: "AGE(s)", key: "age_s", width: 7, digits: 2, value: ({ age }) => age / 1e9 },
        {
          head: "EXIT_CODE",
          value: ({ status }) => exitCode(status),
          text: ({ status }) => statusText(status),
        },
        json && { head: "SIGNAL", value: ({ status }) => endingSignal(status) },
        json && { head: "CORE_DUMPED", value: ({ status }) => dumpedCore(status) },
      ],
    });
  },
});

export default exitsnoop;

if (import.meta.main) await main(exitsnoop);
