/**
 * killsnoop: trace signals that processes send, by kill() and its relatives.
 *
 * USAGE: killsnoop [-x] [-p PID] [-T PID] [-s SIGNAL] [-t TID] [-u UID] [-n NAME] [--threads]
 *                  [--call] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # killsnoop --call
 *     TIME      PID      COMM             SIG  TPID     RESULT CALL              TTID
 *     20:03:49  21416    bash             9    21744    0      kill              -
 *     20:03:49  21746    kill             15   999999   -3     kill              -
 *     20:03:50  1        systemd          15   21751    0      pidfd_send_signal -
 *     20:03:51  21760    gdb              19   21755    0      tgkill            21757
 *
 * TPID is the process that is signalled, as the call names it: 0 or negative for many, and 0 for a
 * pidfd_send_signal whose descriptor is none of a process. Calls that name a thread are shown with its
 * process, except those by which a process signals its own threads (raise, abort, pthread_kill, and what
 * runtimes such as Go's do all the time): --threads shows these as well.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_{kill,tkill,tgkill,rt_sigqueueinfo,rt_tgsigqueueinfo,
 * pidfd_send_signal}, and raw tracepoint signal_generate, which tells the process of a thread. Signals
 * that the kernel sends by itself (Ctrl-C on a terminal, timers, faults, the end of a child) are not
 * seen, nor calls of 32 bit programs on a 64 bit kernel.
 *
 * Overhead: about 7 µs per call, which is rare.
 */

import { i32, i64, struct, u32 } from "../../mod.ts";
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
  failed: flag({ short: "x", long: "failed", help: "only show failed calls" }),
  ...filterOptions,
  tpid: { ...filterOptions.pid, short: "T", long: "tpid", help: "trace signals to this PID only" },
  threads: flag({ long: "threads", help: "signals of a process to its own threads as well" }),
  call: flag({ long: "call", help: "show the system call, and the thread if it names one" }),
  signal: signals({ short: "s", long: "signal", help: "trace a signal or a signal list: 9,TERM" }),
  ...eventOptions,
} as const;

const Event = struct("event", {
  who: Who,
  receiver: i32,
  thread: i32,
  signal: i32,
  syscall: u32,
  ret: i64.asNumber,
});

/** Indexed by the numbers of killsnoop.bpf.c. */
const CALLS = [
  "kill",
  "tkill",
  "tgkill",
  "rt_sigqueueinfo",
  "rt_tgsigqueueinfo",
  "pidfd_send_signal",
];

const killsnoop = defineTool({
  name: "killsnoop",
  summary: "Trace signals that processes send, by kill() and its relatives: who, which, to whom.",
  examples: [
    ["killsnoop", "trace all signals that processes send to others"],
    ["killsnoop -x", "only show failed kills"],
    ["killsnoop -p 181", "only trace PID 181"],
    ["killsnoop -T 189", "only trace target PID 189"],
    ["killsnoop -s 9", "only trace signal 9"],
    ["killsnoop -s KILL,TERM", "only trace signals 9 and 15"],
    ["killsnoop --call", "show by which system call"],
    ["killsnoop --threads -p 181", "also what process 181 sends to its own threads"],
  ],
  object,
  options,
  plan({ failed, tpid = 0, signal, threads, call, json, ...filters }, machine) {
    const more = call || json;
    const width = machine.readText("/proc/sys/kernel/pid_max").trim().length + 1;
    const own = {
      failed_only: failed,
      target_receiver: tpid,
      own_threads: threads,
      ...signalFilter(signal),
    };
    return eventPlan(Event, {
      load: filterSettings(filters, own),
      columns: [
        { ...clockColumn(), width: 9 },
        { head: "PID", width, value: ({ who }) => who.pid },
        { head: "COMM", width: 16, value: ({ who }) => who.comm },
        { head: "SIG", width: 4, value: ({ signal }) => signal },
        { head: "TPID", width, value: ({ receiver }) => receiver },
        { head: "RESULT", ...more ? { width: 6 } : {}, value: ({ ret }) => ret },
        more && { head: "CALL", width: 17, value: ({ syscall }) => CALLS[syscall]! },
        more && {
          head: "TTID",
          value: ({ thread }) => thread || null,
          text: ({ thread }) => String(thread || "-"),
        },
      ],
    });
  },
});

export default killsnoop;

if (import.meta.main) await main(killsnoop);
