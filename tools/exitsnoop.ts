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
 * Hooks: tracepoint sched/sched_process_exit. A process counts as ended when its first thread ends,
 * as in bcc: where that one ends before others, its own code is shown.
 *
 * Overhead: about 8 µs per ended process.
 */

import { i32, type Infer, struct, u32, u64 } from "../mod.ts";
import { clockText } from "./frame/clock.ts";
import type { Column } from "./frame/columns.ts";
import { main } from "./frame/main.ts";
import { flag, text, type Values } from "./frame/options.ts";
import { signalName } from "./frame/signals.ts";
import { containerOptions, eventOptions, filterOptions, filterSettings } from "./frame/standard.ts";
import { defineTool } from "./frame/tool.ts";
import { Who } from "./frame/who.ts";
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
type Event = Infer<typeof Event>;

// The parts of a status: WEXITSTATUS and others of wait(2).
const code = ({ status }: Event) => status >> 8 & 0xff;
const signal = ({ status }: Event) => status & 0x7f;
const dumpedCore = ({ status }: Event) => (status & 0x80) !== 0;

function statusText(event: Event): string {
  const number = signal(event);
  const core = dumpedCore(event) ? ", core dumped" : "";
  if (number !== 0) return `signal ${number} (${signalName(number)})${core}`;
  return code(event) === 0 ? "0" : `code ${code(event)}`;
}

function timeColumn(utc: boolean): Column<Event> {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts();
  const zone = utc ? "UTC" : parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  return {
    head: `TIME-${zone}`,
    key: "time",
    width: 12,
    value: () => new Date().toISOString(),
    text() {
      const now = new Date();
      if (utc) return now.toISOString().slice("2026-01-31T".length, -"Z".length);
      return `${clockText(now)}.${String(now.getMilliseconds()).padStart(3, "0")}`;
    },
  };
}

function columns({ timestamp, utc, label, json }: Values<typeof options>): Column<Event>[] {
  const result: (Column<Event> | false)[] = [
    (timestamp || utc) && timeColumn(utc),
    label !== undefined && { head: "LABEL", width: 5, value: () => label || "exit" },
    { head: "PCOMM", width: 16, value: (event) => event.who.comm },
    { head: "PID", width: 7, value: (event) => event.who.pid },
    { head: "PPID", width: 7, value: (event) => event.ppid },
    { head: "TID", width: 7, value: (event) => event.who.tid },
    {
      head: "AGE(s)",
      key: "age_s",
      width: 7,
      value: ({ age }) => age / 1e9,
      text: ({ age }) => (age / 1e9).toFixed(2),
    },
    { head: "EXIT_CODE", value: code, text: statusText },
    json && { head: "SIGNAL", value: signal },
    json && { head: "CORE_DUMPED", value: dumpedCore },
  ];
  return result.filter((column) => column !== false);
}

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
    const { pid, failed, perThread } = values;
    const filters = filterSettings(values);
    const globals = { ...filters.globals, failed_only: failed, per_thread: perThread };
    return {
      event: Event,
      load: { ...filters, globals },
      columns: columns(values),
      ...pid !== undefined && !perThread ? { most: 1 } : {},
    };
  },
});

export default exitsnoop;

if (import.meta.main) await main(exitsnoop);
