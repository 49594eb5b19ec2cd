/**
 * deadlock: find potential deadlocks of a running process: mutexes that are not always taken in one order.
 *
 * USAGE: deadlock [--binary BINARY] [--dump-graph FILE] [--verbose] [--lock-symbols NAMES]
 *                 [--unlock-symbols NAMES] [-t THREADS] [-e EDGES] [-s STACKS] [-d SECONDS] [--json] pid
 *
 *     # deadlock 22171
 *     Tracing... Hit Ctrl-C to end.
 *     ----------------
 *     Potential Deadlock Detected!
 *
 *     Cycle in lock order graph: Mutex M0 (second 0x0000563ebb8d80e0) => Mutex M1 (first
 *     0x0000563ebb8d8120) => Mutex M0 (second 0x0000563ebb8d80e0)
 *
 *     Mutex M1 (first 0x0000563ebb8d8120) acquired here while holding Mutex M0 (second
 *     0x0000563ebb8d80e0) in Thread 22175 (backward):
 *     @ 0000563ebb8d5390 take_second_then_first+0x2f [lock_order] (lock_order.c:57)
 *     @ 0000563ebb8d5401 backward_thread+0x18 [lock_order] (lock_order.c:112)
 *     …
 *
 * There is a potential deadlock where one thread asked for a mutex while it held another, and another
 * thread, or the same at another time, asked for them in the other order; or where that is so around
 * more of them. Nobody need have waited for that. The tool tells of the first it finds and ends, with
 * status 1; it looks once a second.
 *
 * The functions (pthread_mutex_lock and pthread_mutex_unlock, or --lock-symbols and --unlock-symbols, which
 * take the mutex as their first argument) are looked for in the files that the process has mapped; --binary
 * says in which. It cannot see what happened before it began, locks taken in functions that are inlined,
 * mutexes that pthread_cond_wait takes again, and pthread_mutex_trylock, which never waits, unless it is
 * named. A mutex in memory that was freed and used for another one is taken for the same. Recursive mutexes
 * are understood. Source lines are those of programs that were compiled with debug information (gcc -g), of
 * their separate debug files as well; others are shown without. Stacks need programs that keep frame
 * pointers; who called is seen without.
 *
 * Hooks: uprobes in this process only, raw tracepoints sched_process_fork and sched_process_exit.
 */

import { main } from "../../toolkit/run/main.ts";
import {
  argument,
  flag,
  number,
  type Option,
  text,
  UsageError,
} from "../../toolkit/options/options.ts";
import {
  filterOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { requireWritable, writeFile } from "../../plumbing.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { complain } from "../../toolkit/output/complain.ts";
import { attachLocks } from "./lock_functions.ts";
import { Inversions } from "./inversions.ts";
import { u64 } from "../../mod.ts";
import object from "./deadlock.bpf.o.ts";
import { recordShape } from "../../toolkit/records/record_shape.ts";

const ENTRIES = 65536;
const STACKS = 16384;
const INTERVAL_SECONDS = 1;

function names(long: string, what: string, initial: string): Option<readonly string[]> {
  return {
    long,
    meta: "NAMES",
    help: `comma-separated list of ${what} symbols to trace (default ${initial})`,
    initial: [initial],
    parse(value) {
      const list = value.split(",");
      if (list.every((name) => name !== "")) return list;
      throw new UsageError("expected names of functions separated by commas");
    },
  };
}

const entries = { what: "a number", min: 1, max: 1 << 24 };

const options = {
  pid: argument({ ...filterOptions.pid, long: "pid", meta: "pid", help: "process to trace" }),
  binary: text({
    long: "binary",
    meta: "BINARY",
    help: "trace the mutex functions of this program or library, instead of looking for them",
  }),
  dumpGraph: text({
    long: "dump-graph",
    meta: "FILE",
    help: "write the mutex graph to this file, as JSON",
  }),
  verbose: flag({ long: "verbose", help: "print statistics about the mutex wait graph" }),
  lockSymbols: names("lock-symbols", "lock", "pthread_mutex_lock"),
  unlockSymbols: names("unlock-symbols", "unlock", "pthread_mutex_unlock"),
  threads: number({
    short: "t",
    long: "threads",
    meta: "THREADS",
    help: `the maximum number of threads to trace (default ${ENTRIES})`,
    ...entries,
  }),
  edges: number({
    short: "e",
    long: "edges",
    meta: "EDGES",
    help: `the maximum number of pairs of mutexes to keep (default ${ENTRIES})`,
    ...entries,
  }),
  stacks: number({
    short: "s",
    long: "stacktraces",
    meta: "STACKS",
    help: `the maximum number of stack traces to keep (default ${STACKS})`,
    ...entries,
  }),
  ...standardOptions,
} as const;

const deadlock = defineTool({
  name: "deadlock",
  summary: "Find potential deadlocks (lock order inversions) of a running process.",
  examples: [
    ["deadlock 181", "analyze PID 181"],
    ["deadlock 181 --binary /lib/x86_64-linux-gnu/libpthread.so.0", "locks of this library"],
    ["deadlock 181 --verbose", "and print statistics"],
    [
      "deadlock 181 --lock-symbols my_lock --unlock-symbols my_unlock",
      "custom mutexes",
    ],
    ["deadlock 181 --dump-graph graph.json", "and write the mutex wait graph"],
  ],
  object,
  options,
  sample: false, // it traces one process
  permissions: "all",
  plan(values) {
    const { pid, binary, lockSymbols: lock, unlockSymbols: unlock, verbose, dumpGraph } = values;
    if (pid === undefined) throw new UsageError("expected the id of a process");
    const symbols = { pid, binary, lock, unlock };
    const inversions = new Inversions(pid);
    const settings = filterSettings({ pid });
    const threads = { maxEntries: values.threads ?? ENTRIES };
    let isOver = false;
    return {
      intro: "Tracing... Hit Ctrl-C to end.",
      interval: INTERVAL_SECONDS,
      isOver: () => isOver,
      status: () => isOver ? 1 : 0,
      load: {
        ...settings,
        maps: {
          ...settings.maps,
          threads,
          births: threads,
          creations: threads,
          edges: { maxEntries: values.edges ?? ENTRIES },
          stacks: { maxEntries: values.stacks ?? STACKS },
        },
      },
      prepare(bpf) {
        if (dumpGraph !== undefined) requireWritable(dumpGraph);
        inversions.follow(bpf);
        return inversions;
      },
      attach(bpf) {
        const tracepoints = ["forked", "ended"].map((name) => bpf.program(name).attach());
        return Promise.resolve([...tracepoints, ...attachLocks(bpf, symbols)]);
      },
      records: [
        recordShape("graph", { mutexes: "number", edges: "number" }),
        recordShape("deadlock", {
          cycle: [{
            mutex: "text",
            name: "text?",
            tid: "id",
            comm: "text",
            held: "texts",
            asked: "texts",
          }],
          threads: [{ tid: "id", parent: "id?", stack: "texts?" }],
        }),
      ],
      report(bpf, report) {
        if (isOver) return;
        const cycle = inversions.find(bpf);
        if (verbose) {
          const { nodes, edges } = inversions.graph;
          report.line(`Mutexes: ${nodes}, Edges: ${edges}`);
          report.record("graph", { mutexes: nodes, edges });
        }
        if (dumpGraph !== undefined) {
          writeFile(dumpGraph, new TextEncoder().encode(inversions.json()));
        }
        const full = "the kernel's maps were full: raise --threads and --edges";
        reportDropped(bpf, report, "deadlock", "threads and pairs of mutexes", full);
        const held = bpf.global("too_many_held", u64.asNumber).value;
        if (held > 0) {
          complain("deadlock", `${held} mutexes were taken by threads that held 16: left out`);
        }
        if (!cycle) return;
        isOver = true;
        inversions.print(bpf, report, cycle);
      },
    };
  },
});

export default deadlock;

if (import.meta.main) await main(deadlock);
