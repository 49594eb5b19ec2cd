/**
 * killsnoop: trace signals issued by the kill() system call.
 *
 * USAGE: killsnoop [-x] [-p PID] [-T PID] [-s SIGNAL] [-t TID] [-u UID] [-n NAME] [-d SECONDS]
 *                  [-b PAGES] [--json]
 *
 *     # killsnoop
 *     TIME      PID      COMM             SIG  TPID     RESULT
 *     20:03:49  21416    bash             9    21744    0
 *     20:03:49  21746    kill             15   999999   -3
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_kill. Signals that threads send to threads (tkill,
 * tgkill) and those of the kernel are not seen, nor calls of 32 bit programs on a 64 bit kernel.
 *
 * Overhead: about 7 µs per kill(), which is rare.
 */

import { i32, i64, readText, struct } from "../../mod.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import { signalFilter, signals } from "../../toolkit/task/signals.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./killsnoop.bpf.o.ts";

const options = {
  failed: flag({ short: "x", long: "failed", help: "only show failed kill syscalls" }),
  ...filterOptions,
  tpid: { ...filterOptions.pid, short: "T", long: "tpid", help: "trace signals to this PID only" },
  signal: signals({ short: "s", long: "signal", help: "trace a signal or a signal list: 9,TERM" }),
  ...eventOptions,
} as const;

const Event = struct("event", { who: Who, receiver: i32, signal: i32, ret: i64.asNumber });

const killsnoop = defineTool({
  name: "killsnoop",
  summary: "Trace signals issued by the kill() system call: who sends which to whom.",
  examples: [
    ["killsnoop", "trace all kill() signals"],
    ["killsnoop -x", "only show failed kills"],
    ["killsnoop -p 181", "only trace PID 181"],
    ["killsnoop -T 189", "only trace target PID 189"],
    ["killsnoop -s 9", "only trace signal 9"],
    ["killsnoop -s KILL,TERM", "only trace signals 9 and 15"],
  ],
  object,
  options,
  plan({ failed, tpid = 0, signal, ...filters }) {
    const width = readText("/proc/sys/kernel/pid_max").trim().length + 1;
    const own = { failed_only: failed, target_receiver: tpid, ...signalFilter(signal) };
    return eventPlan(Event, {
      load: filterSettings(filters, own),
      columns: [
        { ...clockColumn(), width: 9 },
        { head: "PID", width, value: ({ who }) => who.pid },
        { head: "COMM", width: 16, value: ({ who }) => who.comm },
        { head: "SIG", width: 4, value: ({ signal }) => signal },
        { head: "TPID", width, value: ({ receiver }) => receiver },
        { head: "RESULT", value: ({ ret }) => ret },
      ],
    });
  },
});

export default killsnoop;

if (import.meta.main) await main(killsnoop);
