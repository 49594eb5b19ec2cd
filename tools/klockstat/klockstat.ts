/**
 * klockstat: summarize how long the kernel waits for its mutexes and holds them, by caller.
 *
 * USAGE: klockstat [-d SECONDS | -i SECONDS] [-n LOCKS] [-s STACKS] [-c CALLER] [-S SORT] [-p PID]
 *                  [-t TID] [--stack-storage-size ENTRIES] [--json]
 *
 *     # klockstat -p 25927
 *     Tracing lock events... Hit Ctrl-C to end.
 *     ^C
 *
 *                                       Caller   Avg Spin  Count   Max spin Total spin
 *                              pipe_ioctl+0x24      36968     97     173173    3585926
 *
 * Where the functions of mutexes can be probed, a second table follows, here on Linux 6.12:
 *
 *                                       Caller   Avg Hold  Count   Max hold Total hold
 *                              pipe_write+0x4a   24045612     97  151355130 2332424370
 *                              pipe_ioctl+0x24     424311     97   29150910   41158240
 *
 * Times are in nanoseconds. "Spin" is the wait for a mutex, also of a thread that sleeps meanwhile;
 * "hold" is from when it is taken until it is left. Each row is one stack, named by its first caller; -s
 * shows more of it.
 *
 * Hooks: the functions mutex_lock, mutex_lock_interruptible, mutex_lock_killable, mutex_trylock and
 * mutex_unlock by fentry and fexit, else by kprobes (which leave mutex_trylock out). Where they cannot be
 * probed, or a kernel with lock debugging has them by other names, raw tracepoints contention_begin and
 * contention_end (Linux 5.19 and later): these tell only of mutexes that were taken when somebody asked
 * for them, and nothing of how long they are held, so that the second table is left out. Other locks
 * (spin locks, read-write semaphores, mutexes for real time) are not shown.
 */

import { type Bpf, formatSymbol, struct, u32, u64 } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { reportDropped, tellDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { number, text, UsageError, type Values } from "../../toolkit/options/options.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  filterOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { type Frame, KeptStacks, missedStack } from "../../toolkit/stacks/kept_stacks.ts";
import { sizeOption } from "../../toolkit/stacks/stack_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { type LockTimes, mergeTimes, sortOption, sortTimes } from "./lock_times.ts";
import object from "./klockstat.bpf.o.ts";
import { type RecordShape, rowShape } from "../../toolkit/records/record_shape.ts";

const [WAIT, HOLD] = [0, 1];
const MISSED = missedStack("Kernel");

/** The mutex functions, which are left out of stacks: the caller of the outermost is shown. */
const MUTEX = /^_*(ww_)?mutex_/;

const few = { what: "a number", min: 1, max: 2147483647 };

const options = {
  interval: number({
    short: "i",
    long: "interval",
    meta: "SECONDS",
    help: "print summary at this interval (seconds)",
    what: "an interval in seconds",
    min: 0.001,
    max: 2147483,
    fraction: true,
  }),
  locks: number({
    short: "n",
    long: "locks",
    meta: "LOCKS",
    help: "print given number of locks",
    ...few,
  }),
  depth: number({
    short: "s",
    long: "stacks",
    meta: "STACKS",
    help: "print given number of stack entries (default 1)",
    ...few,
  }),
  caller: text({
    short: "c",
    long: "caller",
    meta: "CALLER",
    help: "print locks taken by callers whose name begins so",
  }),
  sort: sortOption,
  pid: filterOptions.pid,
  tid: filterOptions.tid,
  stackSize: sizeOption("stack-storage-size", "the number of unique stack traces", 16384),
  ...containerOptions,
  ...standardOptions,
} as const;
type Settings = Values<typeof options>;

const Key = struct("key", { stack: u64, kind: u32, unused: u32 });
const Times = struct("times", { count: u64.asNumber, total: u64.asNumber, most: u64.asNumber });

interface Row extends LockTimes {
  readonly kind: number;
  /** Innermost first: the caller and its callers. */
  readonly frames: readonly string[];
}

/** As bcc's tool writes them: `pipe_write+0x30`. */
const nameOf = ({ symbol, address }: Frame) => formatSymbol(symbol, address, { offset: true });

function callersOf(frames: readonly Frame[] | undefined): string[] {
  if (!frames) return [MISSED];
  const isMutex = ({ symbol }: Frame) => MUTEX.test(symbol?.name ?? "");
  // The innermost frames belong to the tracing; kernels name them wrongly or not at all.
  const own = Math.max(frames.findIndex(isMutex), 0);
  const caller = frames.findIndex((frame, i) => i >= own && !isMutex(frame));
  return frames.slice(Math.max(caller, 0)).map(nameOf);
}

/** The columns of a table. @param what "spin" (waits for locks) or "hold" */
function columns(what: string, { depth = 1, json }: Settings): Column<Row>[] {
  const heading = what[0]!.toUpperCase() + what.slice(1);
  const numbers = [
    [`Avg ${heading}`, `avg_${what}`, 10, ({ total, count }: Row) => Math.floor(total / count)],
    ["Count", "count", 6, ({ count }: Row) => count],
    [`Max ${what}`, `max_${what}`, 10, ({ most }: Row) => most],
    [`Total ${what}`, `total_${what}`, 10, ({ total }: Row) => total],
  ] as const;
  const stack: Column<Row> = { head: "stack", value: ({ frames }) => frames.slice(0, depth) };
  return [
    { head: "Caller", width: 40, align: "right", value: ({ frames }) => frames[0] ?? MISSED },
    ...numbers.map(([head, key, width, value]) => (
      { head, key, width, align: "right", value } as const
    )),
    ...json ? [stack] : [],
  ];
}

function reporter(values: Settings, kinds: readonly number[]) {
  const { depth = 1, caller = "", locks = Infinity } = values;
  const print = (report: Report, rows: readonly Row[], kind: number) => {
    const field = kind === WAIT ? values.sort.acq : values.sort.hld;
    const shown = columns(kind === WAIT ? "spin" : "hold", values);
    report.line();
    report.table(shown, []);
    for (const row of sortTimes(rows.filter((row) => row.kind === kind), field).slice(0, locks)) {
      report.table(shown, [row], { heading: false });
      for (const frame of row.frames.slice(1, depth)) report.line(frame.padStart(40));
    }
  };
  return (bpf: Bpf, report: Report) => {
    const stacks = new KeptStacks(bpf);
    const times = bpf.map("times", Key, Times);
    const all = [...times.keys()].flatMap((key): Row[] => {
      // Each report covers the time since the one before, as in bcc's tool.
      const sums = times.lookupAndDelete(key);
      const frames = sums && callersOf(stacks.kernel(key.stack));
      return frames ? [{ ...sums, kind: key.kind, frames }] : [];
    });
    const missed = all.filter(({ frames }) => frames[0] === MISSED);
    const rows = mergeTimes(all, ({ kind, frames }) => `${kind} ${frames.join("\n")}`)
      .filter(({ frames }) => frames[0]?.startsWith(caller));
    for (const kind of kinds) print(report, rows, kind);
    tellDropped(report, "klockstat", "stacks", missed.reduce((sum, { count }) => sum + count, 0), {
      reason: "the kernel's map of stacks was full: raise --stack-storage-size",
    });
    reportDropped(bpf, report, "klockstat", "waits and holds");
  };
}

/** The programs for the hooks that this kernel has, and the tables that they can fill. */
function hooks(
  machine: Machine,
): { programs: Record<string, boolean>; kinds: readonly number[] } {
  const calls = ["lock", "interruptible", "killable"];
  const programs = chooseHooks("mutexes", [
    {
      hook: "fentry:mutex_lock",
      also: ["fentry:mutex_trylock"],
      programs: ["enter_unlock", "leave_trylock", ...names(calls, "enter", "leave")],
    },
    {
      hook: "kprobe:mutex_lock",
      programs: ["at_unlock", ...names(calls, "at", "after")],
    },
    {
      hook: "tracepoint:lock:contention_begin",
      also: ["tracepoint:lock:contention_end"],
      programs: ["contention_begins", "contention_ends"],
    },
  ], machine);
  return { programs, kinds: programs.contention_begins ? [WAIT] : [WAIT, HOLD] };
}

const names = (calls: readonly string[], ...stems: readonly string[]) =>
  calls.flatMap((call) => stems.map((stem) => `${stem}_${call}`));

const rowsAbout = (what: string): RecordShape =>
  rowShape({
    caller: "text",
    [`avg_${what}`]: "number",
    count: "count",
    [`max_${what}`]: "number",
    [`total_${what}`]: "count",
    stack: "texts",
  });

const klockstat = defineTool({
  name: "klockstat",
  summary: "Summarize how long the kernel waits for its mutexes and holds them, by caller.",
  examples: [
    ["klockstat", "trace system wide"],
    ["klockstat -d 5", "trace for 5 seconds only"],
    ["klockstat -i 5", "display stats every 5 seconds"],
    ["klockstat -p 123", "trace locks for PID 123"],
    ["klockstat -t 321", "trace locks for TID 321"],
    ["klockstat -c pipe_", "display stats only for lock callers with 'pipe_' prefix"],
    ["klockstat -S acq_count", "sort lock acquired results on acquired count"],
    ["klockstat -S acq_count,hld_total", "and lock held results on total held time"],
    ["klockstat -n 3", "display 3 locks"],
    ["klockstat -s 3", "display 3 levels of stack"],
  ],
  object,
  options,
  plan(values, machine) {
    if (values.duration !== undefined && values.interval !== undefined) {
      throw new UsageError("use either -d/--duration or -i/--interval");
    }
    const settings = filterSettings(values);
    const { programs, kinds } = hooks(machine);
    return {
      intro: "Tracing lock events... Hit Ctrl-C to end.",
      interval: values.interval,
      load: {
        ...settings,
        programs,
        maps: {
          ...settings.maps,
          stacks: { maxEntries: values.stackSize },
          times: { maxEntries: 2 * values.stackSize },
        },
      },
      records: kinds.map((kind) => rowsAbout(kind === WAIT ? "spin" : "hold")),
      report: reporter(values, kinds),
    };
  },
});

export default klockstat;

if (import.meta.main) await main(klockstat);
