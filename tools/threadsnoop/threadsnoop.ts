/**
 * threadsnoop: trace threads that programs make with pthread_create().
 *
 * USAGE: threadsnoop [-p PID] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # threadsnoop -p 2804
 *     TIME(ms)   PID     COMM             FUNC
 *     0          2804    thread_maker     first_routine
 *     0          2804    thread_maker     second_routine
 *     0          2804    thread_maker     waiting_routine
 *
 * FUNC is the function that the thread begins with, or its address where it has no name: runtimes begin
 * all their threads with a function of their own.
 *
 * Hooks: a uprobe on pthread_create in libc.so.6, or in libpthread.so.0 before glibc 2.34: that of the
 * machine, or with -p that which the process has. Programs with another libc, statically linked, or that
 * call clone(2) themselves are not seen.
 */

import { kernel, ktime, ringBuffer, uprobe } from "../../kernel.ts";
import { taskFilter } from "../../toolkit/kernel/task/filter.ts";
import { NamespaceProcesses } from "../../toolkit/task/pid_namespace.ts";
import { taskWho } from "../../toolkit/kernel/task/who.ts";
import { BpfError, formatSymbol, type Infer, struct, u64, UserSymbols } from "../../mod.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";

const NS_PER_MS = 1e6;
const FUNCTION = "pthread_create";

const options = { pid: filterOptions.pid, ...containerOptions, ...eventOptions } as const;

const Event = struct("event", { who: Who, ns: u64.asNumber, routine: u64 });
type Event = Infer<typeof Event>;

const code = kernel({ use: [taskFilter, taskWho], maps: { events: ringBuffer(Event) } }, {
  create: uprobe(undefined, ({ args }, { events, isWanted, who }) => {
    if (!isWanted()) return;
    events.emit({ who: who(), ns: Number(ktime()), routine: args[2]! });
  }),
});

const threadsnoop = defineTool({
  name: "threadsnoop",
  summary: "Trace threads that programs make with pthread_create().",
  examples: [
    ["threadsnoop", "trace all new threads"],
    ["threadsnoop -p 181", "those of process 181 only"],
  ],
  object: code,
  options,
  sample: false, // it probes the C library of every process
  plan(values) {
    const { json } = values;
    const symbols = new UserSymbols();
    const processes = new NamespaceProcesses(values.pidns);
    let first: number | undefined;
    const routine = ({ who, ns, routine }: Event) =>
      formatSymbol(symbols.resolve(processes.ours(who.pid), routine, { time: ns }), routine);
    return eventPlan(Event, {
      load: filterSettings(values),
      prepare() {
        const pid = processes.named(values.pid);
        symbols.follow(pid === undefined ? {} : { pids: [pid] });
        return symbols;
      },
      attach(bpf) {
        const pid = processes.named(values.pid);
        const at = (library: string) =>
          bpf.program("create").attachUprobe({
            library,
            symbol: FUNCTION,
            ...pid === undefined ? {} : { pid },
          });
        try {
          return Promise.resolve([at("c")]);
        } catch (error) {
          // Before glibc 2.34 pthread_create is in libpthread.
          if (!(error instanceof BpfError && error.code === "ENOENT")) throw error;
          return Promise.resolve([at("pthread")]);
        }
      },
      columns: [
        {
          head: "TIME(ms)",
          key: "time_ms",
          width: 10,
          value: ({ ns }) => (ns - (first ??= ns)) / NS_PER_MS,
          text: ({ ns }) => String(Math.floor((ns - (first ??= ns)) / NS_PER_MS)),
        },
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        commColumn(16),
        { head: "FUNC", value: routine },
        json && { head: "ADDRESS", value: ({ routine }) => `0x${routine.toString(16)}` },
      ],
    });
  },
});

export default threadsnoop;

if (import.meta.main) await main(threadsnoop);
