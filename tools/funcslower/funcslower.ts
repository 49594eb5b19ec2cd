/**
 * funcslower: trace calls of functions that take longer than a limit.
 *
 * USAGE: funcslower [-p PID] [-m MIN_MS | -u MIN_US] [-a ARGUMENTS] [-T | -t] [-v] [-f] [-U] [-K]
 *                   [-d SECONDS] [-b PAGES] [--json] function...
 *
 *     # funcslower -a 1 -U -m 3 -p 3749 ./naps:nap_three
 *     Tracing function calls slower than 3 ms... Ctrl+C to quit.
 *     COMM           PID    LAT(ms)             RVAL FUNC ARGS
 *     naps           3749      3.09                3 ./naps:nap_three 0x3
 *         call_all
 *
 *     naps           3749      4.13                4 ./naps:nap_three 0x4
 *         call_all
 *
 * A function is one of the kernel (vfs_read) or of a program or library (c:open, ./app:main); `*` stands
 * for anything, and any number of them can be named. Arguments (-a, six at most) are the registers that
 * arguments are passed in, as they were when the call began. Stacks (-U, -K) are those of who called.
 *
 * Hooks: kernel functions by kprobes and kretprobes, user functions by uprobes and uretprobes; programs
 * are compiled beforehand and told by a cookie which function they are on. All functions of a file, or of
 * the kernel, are attached by one link where the kernel can (kernel functions from Linux 5.18, user
 * functions from 6.6); elsewhere one by one, and then not more than 1000. Needs Linux >= 5.15.
 *
 * Calls inside others, also of the same function, are told apart up to a depth of 32 for each thread; of
 * more the innermost are shown. A function that is left by longjmp or an exception is not shown. -v
 * names what is traced: there is no program text to print.
 */

import { array, type Infer, struct, u32, u64 } from "../../mod.ts";
import { complainLines } from "../../toolkit/output/complain.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  argumentList,
  flag,
  number,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { CallerStacks } from "./caller_stacks.ts";
import { Functions } from "./functions.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./funcslower.bpf.o.ts";
import { foldedText } from "../../toolkit/stacks/kept_stacks.ts";

const ARGUMENTS = 6; // as in funcslower.bpf.c
const STACKS = 16384;
const CALLERS = 4096; // the number of processes whose user stacks are stored
const least = { what: "a time", min: 1, max: 1e9 };

const options = {
  pid: filterOptions.pid,
  milliseconds: number({
    short: "m",
    long: "min-ms",
    meta: "MIN_MS",
    help: "minimum duration to trace (ms, default 1)",
    ...least,
  }),
  microseconds: number({
    short: "u",
    long: "min-us",
    meta: "MIN_US",
    help: "minimum duration to trace (us)",
    ...least,
  }),
  arguments: number({
    short: "a",
    long: "arguments",
    meta: "ARGUMENTS",
    help: "print this many entry arguments, as hex",
    what: "a number of arguments",
    min: 0,
    max: ARGUMENTS,
  }),
  clock: flag({ short: "T", long: "time", help: "show HH:MM:SS timestamp" }),
  timestamp: flag({
    short: "t",
    long: "timestamp",
    help: "show timestamp in seconds at us resolution",
  }),
  verbose: flag({
    short: "v",
    long: "verbose",
    help: "print what is traced (for debugging purposes)",
  }),
  folded: flag({
    short: "f",
    long: "folded",
    help: "output folded format, one line per stack (for flame graphs)",
  }),
  userStack: flag({ short: "U", long: "user-stack", help: "output user stack trace" }),
  kernelStack: flag({ short: "K", long: "kernel-stack", help: "output kernel stack trace" }),
  functions: argumentList({ long: "function", help: "function(s) to trace" }),
  ...containerOptions,
  ...eventOptions,
} as const;
type Settings = Values<typeof options>;

const Event = struct("event", {
  who: Who,
  start: u64.asNumber,
  time: u64.asNumber,
  result: u64,
  user: u64,
  kernel: u64,
  function: u32,
  unused: u32,
  arguments: array(u64, ARGUMENTS),
});
/** A slow call. */
export type Event = Infer<typeof Event>;

const hex = (value: bigint) => `0x${value.toString(16)}`;

/** Seconds since the start of the first call shown. */
function secondsColumn(): Column<Event> {
  let first: number | undefined;
  const value = ({ start }: Event) => (start - (first ??= start)) / 1e9;
  return { head: "TIME", width: 10, value, text: (event) => value(event).toFixed(6) };
}

function columns(
  { clock, timestamp, arguments: count = 0, json, ...values }: Settings,
  names: readonly string[],
  stacks: CallerStacks,
): Column<Event>[] {
  const unit = values.microseconds ? "us" : "ms";
  const latency = ({ time }: Event) => time / (values.microseconds ? 1e3 : 1e6);
  const shown = (event: Event) => event.arguments.slice(0, count);
  const common: Column<Event>[] = [
    ...clock ? [{ ...clockColumn<Event>(), width: 10 }] : timestamp ? [secondsColumn()] : [],
    { head: "COMM", width: 14, value: ({ who }) => who.comm },
    { head: "PID", width: 6, align: "left", value: ({ who }) => who.pid },
    {
      head: `LAT(${unit})`,
      key: `lat_${unit}`,
      width: 7,
      align: "right",
      digits: 2,
      value: latency,
    },
  ];
  if (!json) {
    return [
      ...common,
      { head: "RVAL", width: 16, align: "right", value: ({ result }) => result.toString(16) },
      {
        head: count ? "FUNC ARGS" : "FUNC",
        value: (event) => [names[event.function]!, ...shown(event).map(hex)].join(" "),
      },
    ];
  }
  return [
    ...common,
    { head: "rval", value: ({ result }) => result },
    { head: "func", value: (event) => names[event.function]! },
    ...count ? [{ head: "args", value: shown }] : [],
    ...values.kernelStack
      ? [{
        head: "kernel",
        member: "texts" as const,
        value: (event: Event) => stacks.kernel(event),
      }]
      : [],
    ...values.userStack
      ? [{ head: "user", member: "texts" as const, value: (event: Event) => stacks.user(event) }]
      : [],
  ];
}

/** The output of `-f` instead of a row. */
const foldedColumn = (stacks: CallerStacks): Column<Event> => ({
  head: "",
  value: (event) => {
    const [user, kernel] = [stacks.user(event), stacks.kernel(event)];
    const delimiter = user.length > 0 && kernel.length > 0 ? ["-"] : [];
    const frames = [...user.toReversed(), ...delimiter, ...kernel.toReversed()];
    return foldedText([event.who.comm, ...frames], 1);
  },
});

const funcslower = defineTool({
  name: "funcslower",
  summary: "Trace calls of functions that take longer than a limit.",
  examples: [
    ["funcslower vfs_write", "trace vfs_write calls slower than 1ms"],
    ["funcslower -m 10 vfs_write", "same, but slower than 10ms"],
    ["funcslower -u 10 c:open", "trace open calls slower than 10us"],
    ["funcslower -p 135 c:open", "trace pid 135 only"],
    ["funcslower c:malloc c:free", "trace both malloc and free slower than 1ms"],
    ["funcslower -a 2 c:open", "show first two arguments to open"],
    ["funcslower -UK -m 10 c:open", "show user and kernel stacks of calls slower than 10ms"],
    ["funcslower -f -UK c:open", "output in folded format for flame graphs"],
  ],
  object,
  options,
  sample: ["c:getpid"],
  plan(values, machine) {
    const { milliseconds, microseconds, functions: words, folded, pid, pidns } = values;
    if (milliseconds !== undefined && microseconds !== undefined) {
      throw new UsageError("use either -m/--min-ms or -u/--min-us");
    }
    if (words.length === 0) throw new UsageError("expected a function: FUNCTION or FILE:FUNCTION");
    // With --pidns the pid is not valid in this namespace: only the kernel side can filter by it.
    const functions = new Functions(words, machine, pidns === undefined ? pid : undefined);
    const stacks = new CallerStacks(pidns);
    const settings = filterSettings(values, {
      least_ns: BigInt(microseconds ? microseconds * 1e3 : (milliseconds ?? 1) * 1e6),
      arguments: values.arguments ?? 0,
      user_stacks: values.userStack,
      kernel_stacks: values.kernelStack,
      levels: 32,
    });
    const hasStacks = values.userStack || values.kernelStack;
    return eventPlan(Event, {
      ...folded ? {} : {
        intro: `Tracing function calls slower than ${
          microseconds ? `${microseconds} us` : `${milliseconds ?? 1} ms`
        }... Ctrl+C to quit.`,
      },
      heading: !folded,
      load: {
        ...settings,
        programs: { ...functions.programs, thread_ended: true, thread_freed: true },
        maps: {
          ...settings.maps,
          stacks: { maxEntries: hasStacks ? STACKS : 1 },
          callers: { maxEntries: machine.lruEntries(CALLERS) },
        },
      },
      span: ({ start, time: duration, function: called }) => ({
        start,
        duration,
        name: functions.names[called],
      }),
      columns: folded && !values.json
        ? [foldedColumn(stacks)]
        : columns(values, functions.names, stacks),
      ...hasStacks && !folded ? { below: (event: Event) => stacks.lines(event) } : {},
      prepare(bpf) {
        stacks.open(bpf, { pid, hasUser: values.userStack });
        return stacks;
      },
      attach(bpf) {
        const links = [
          bpf.program("thread_ended").attach(),
          bpf.program("thread_freed").attach(),
          ...functions.attach(bpf),
        ];
        if (values.verbose) complainLines(functions.names.join("\n"));
        return Promise.resolve(links);
      },
    });
  },
});

export default funcslower;

if (import.meta.main) await main(funcslower);
