/**
 * execsnoop: trace new processes via exec() system calls.
 *
 * USAGE: execsnoop [-T] [-t] [-x] [-u USER] [-q] [-n NAME] [-l LINE] [-U] [-C] [-M]
 *                  [--max-args COUNT] [-P PPID] [--cgroupmap PATH] [--mntnsmap PATH]
 *                  [-d SECONDS] [-b PAGES] [--json]
 *
 *     # execsnoop -x
 *     COMM             PID     PPID    RET ARGS
 *     ls               4995    4906      0 /usr/bin/ls -l /etc/hostname
 *     bash             4996    4906      0 /usr/bin/bash -c exec /nonexistent "a b" c
 *     bash             4996    4906     -2 /nonexistent a b c
 *     run.sh           4999    4906      0 /srv/run.sh 1 2
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_execve and execveat, raw tracepoint
 * sched_process_exec. A process that only forks is not seen. Failed calls of 32 bit programs on a
 * 64 bit kernel are not either, and what the good ones run is shown as the new image got it.
 *
 * Overhead: about 13 µs per exec, most of it reading the arguments: little beside an exec itself.
 */

import { chars, i32, type Infer, struct, textRest, u32, u64 } from "../../mod.ts";
import { clockColumn, secondsColumn } from "../../toolkit/output/time_columns.ts";
import type { Columns } from "../../toolkit/output/columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, number, pattern, type Values } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { userOption } from "../../toolkit/options/user_option.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./execsnoop.bpf.o.ts";

const ARGUMENTS_MAX = 1024; // as in arguments.h
const ARGUMENTS = 20;

const options = {
  time: flag({ short: "T", long: "time", help: "include time column on output (HH:MM:SS)" }),
  timestamp: flag({ short: "t", long: "timestamp", help: "include timestamp on output" }),
  fails: flag({ short: "x", long: "fails", help: "include failed exec()s" }),
  uid: userOption,
  quote: flag({ short: "q", long: "quote", help: 'add quotemarks (") around arguments' }),
  name: pattern({
    short: "n",
    long: "name",
    meta: "NAME",
    help: "only print commands whose name matches this (regex)",
  }),
  line: pattern({
    short: "l",
    long: "line",
    meta: "LINE",
    help: "only print commands whose arguments match this (regex)",
  }),
  printUid: flag({ short: "U", long: "print-uid", help: "print UID column" }),
  printCpu: flag({ short: "C", long: "print-cpu", help: "print CPU column" }),
  printPcomm: flag({ short: "M", long: "print-pcomm", help: "print parent command" }),
  maxArgs: number({
    long: "max-args",
    meta: "COUNT",
    help: `arguments to show, the path among them (default ${ARGUMENTS})`,
    what: "a number of arguments",
    min: 1,
    max: ARGUMENTS_MAX,
  }),
  ppid: {
    ...filterOptions.pid,
    short: "P",
    long: "ppid",
    meta: "PPID",
    help: "trace children of this process only",
  },
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  pcomm: chars(16),
  ppid: u32,
  cpu: u32,
  ret: i32,
  arguments: u32,
  text: textRest(),
});
type Event = Infer<typeof Event>;

// Flags of `arguments`, as in arguments.h: how reading the arguments ended.
const [CUT, MISSING, IMAGE, SCRIPT] = [1, 2, 4, 8];
const CUT_MARK = "...";

/** The path, and the arguments passed to execve without the first (argv[0]). */
function commandLine({ arguments: how, text }: Event, most: number, quote: boolean): string {
  const pieces = text.split("\0").slice(0, -1);
  const [path = ""] = pieces;
  let skip = 1;
  if (how & IMAGE) skip = 2;
  // For a script the kernel puts the interpreter first and the script's path in place of argv[0].
  if (how & SCRIPT) skip = pieces.indexOf(path, 1) + 1;
  const words = [path, ...pieces.slice(skip)];
  const shown = words.slice(0, most);
  const quoted = quote ? shown.map((word) => `"${word.replaceAll('"', '\\"')}"`) : shown;
  const isCut = how & (CUT | MISSING) || words.length > most;
  return [...quoted, ...isCut ? [CUT_MARK] : []].join(" ");
}

function columns(values: Values<typeof options>): Columns<Event> {
  return [
    values.time && clockColumn(),
    values.timestamp && secondsColumn({ width: 7, digits: 3 }),
    values.printUid && { head: "UID", width: 5, value: (event) => event.who.uid },
    { head: "COMM", width: 16, value: (event) => event.who.comm },
    { head: "PID", width: 7, value: (event) => event.who.pid },
    values.printPcomm && { head: "PCOMM", width: 16, value: (event) => event.pcomm },
    { head: "PPID", width: 7, value: (event) => event.ppid },
    values.printCpu && { head: "CPU", width: 4, value: (event) => event.cpu },
    { head: "RET", width: 3, align: "right", value: (event) => event.ret },
    {
      head: "ARGS",
      value: (event) => commandLine(event, values.maxArgs ?? ARGUMENTS, values.quote),
    },
  ];
}

const execsnoop = defineTool({
  name: "execsnoop",
  summary: "Trace new processes via exec() system calls: who runs which program, with arguments.",
  examples: [
    ["execsnoop", "trace all exec() syscalls"],
    ["execsnoop -x", "include failed exec()s"],
    ["execsnoop -T", "include time (HH:MM:SS)"],
    ["execsnoop -t", "include timestamps"],
    ["execsnoop -P 181", "only trace new processes whose parent is 181"],
    ["execsnoop -UCM", "include the user, the CPU and the parent's name"],
    ["execsnoop -u 1000", "only trace user 1000"],
    ["execsnoop -u user", "the same by name"],
    ["execsnoop -q", 'add "quotemarks" around arguments'],
    ["execsnoop -n main", 'only commands whose name matches "main"'],
    ["execsnoop -l tpkg", 'only commands whose arguments match "tpkg"'],
  ],
  object,
  options,
  plan(values) {
    const { name, line, maxArgs = ARGUMENTS } = values;
    return {
      event: Event,
      load: filterSettings(values, {
        failed_too: values.fails,
        target_ppid: values.ppid ?? 0,
        max_args: maxArgs,
      }),
      wants: (event: Event) =>
        (name?.test(event.who.comm) ?? true) &&
        (line?.test(commandLine(event, maxArgs, false)) ?? true),
      span: ({ time }: Event) => ({ start: time, name: "exec" }),
      columns: columns(values),
    };
  },
});

export default execsnoop;

if (import.meta.main) await main(execsnoop);
