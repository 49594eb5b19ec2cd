/**
 * funclatency: time functions and show how their times are distributed.
 *
 * USAGE: funclatency [-p PID] [-i INTERVAL] [-d DURATION] [-T] [-u] [-m] [-F] [-r] [-l LEVEL] [-v]
 *                    [--json] pattern
 *
 *     # funclatency -m -p 24876 ./functions:naps_3
 *     Tracing 1 functions for "./functions:naps_3"... Hit Ctrl-C to end.
 *     ^C
 *          msecs               : count     distribution
 *              0 -> 1          : 0        |                                        |
 *              2 -> 3          : 3        |****************************************|
 *
 *     avg = 2 msecs, total: 6 msecs, count: 3
 *
 *     Detaching...
 *
 * Hooks: kernel functions by kprobes and kretprobes, user functions by uprobes and uretprobes. The
 * programs are compiled beforehand and told by a cookie which function they are on, so that nothing
 * is compiled when the tool starts. All functions are attached by one link where the kernel can
 * (kernel functions from Linux 5.18, user functions from 6.6); elsewhere one by one, and then not
 * more than 1000. There the kernel misses returns of a kernel function that is under way more than
 * some ten times at once. Needs Linux >= 5.15.
 *
 * Calls inside others, also of the same function, are told apart up to a depth of 64 for each thread;
 * -l makes that less, and the innermost ones are timed. A function that is left by longjmp or an
 * exception is not counted. C++ and Rust functions are also found by the names that people write.
 * -v prints what is traced: there is no program text to print.
 *
 * Overhead: about 0.4 µs per call, and for the breakpoints of a user function, which trap into the
 * kernel, several microseconds more, which are told as its own time in part: a loop of a million
 * empty calls took 23 s.
 */

import { type Bpf, histogramSections, struct, sum, u32, u64 } from "../../mod.ts";
import { reportSummary } from "../../toolkit/histogram/latency_histogram.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, number, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { filterSettings, standardOptions } from "../../toolkit/options/standard_options.ts";
import { isStopped } from "../../toolkit/probes/pattern_hooks.ts";
import {
  reportTimes,
  targetOptions,
  TargetTrace,
  timeOptions,
  timeUnit,
  verboseOption,
} from "../../toolkit/probes/pattern_trace.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./funclatency.bpf.o.ts";
import { complain } from "../../toolkit/output/complain.ts";
import { histogramShape, recordShape, SUMMARY_SHAPE } from "../../toolkit/records/record_shape.ts";

const LEVELS = 64; // as in funclatency.bpf.c
const [ENTRIES, SLOTS] = [10240, 32]; // lower bounds: histograms, and slots that a function typically uses

const options = {
  ...targetOptions,
  ...timeOptions,
  byFunction: flag({
    short: "F",
    long: "function",
    help: "show a separate histogram per function",
  }),
  level: number({
    short: "l",
    long: "level",
    meta: "LEVEL",
    help: `set the level of nested or recursive functions (default ${LEVELS})`,
    what: "a number of levels",
    min: 1,
    max: LEVELS,
  }),
  verbose: verboseOption,
  ...standardOptions,
} as const;
type Settings = Values<typeof options>;

const Key = struct("key", { function: u32, pid: u32, slot: u32 });
const Sums = struct("sums", { count: u64.asNumber, time: u64.asNumber });

const total = (perCpu: readonly { count: number; time: number }[]) => ({
  count: sum(perCpu.map(({ count }) => count)),
  time: sum(perCpu.map(({ time }) => time)),
});

/** Which keys histograms have: those of user functions are by process unless -p selects one. */
function sectionsOf({ byFunction, pid }: Settings, { hooks }: TargetTrace) {
  const isUser = hooks.path !== undefined;
  const isByFunction = byFunction || isUser && pid === undefined;
  return { isByFunction, isByProcess: isUser && isByFunction };
}

function reporter(values: Settings, trace: TargetTrace) {
  const deltas = new CounterDeltas();
  const unit = timeUnit(values);
  const { isByFunction, isByProcess } = sectionsOf(values, trace);
  const nameOf = (index: number) => trace.hooks.names[index]!;
  return (bpf: Bpf, report: Report) => {
    const entries = [...deltasOf(bpf.perCpuMap("times", Key, Sums), deltas, total)];
    const counts = entries.map(([key, { count }]) => [key, count] as const);
    report.line();
    if (values.timestamp) report.line(report.clock);
    const sections = histogramSections(counts, ({ slot, ...section }) => [section, slot])
      .sort((a, b) => a.section.function - b.section.function || a.section.pid - b.section.pid);
    if (isByFunction) {
      report.histograms(sections, {
        valueType: unit.name,
        sectionHeader: "Function",
        formatSection: ({ function: index, pid }) =>
          isByProcess ? `${nameOf(index)} [${pid}]` : nameOf(index),
        members: ({ function: index, pid }) => ({
          function: nameOf(index),
          ...isByProcess ? { pid } : {},
        }),
      });
    } else report.histogram(sections[0]?.counts ?? [], { valueType: unit.name });
    const all = (of: "count" | "time") => entries.reduce((sum, [, sums]) => sum + sums[of], 0);
    reportSummary(report, unit, all("count"), all("time"));
    reportDeep(bpf, report, values);
    reportDropped(bpf, report, "funclatency", "calls");
    if (isStopped(bpf)) report.line("Detaching...");
  };
}

function reportDeep(bpf: Bpf, report: Report, { level = LEVELS }: Settings): void {
  const calls = bpf.global("too_deep", u64.asNumber).value;
  if (calls === 0) return;
  report.record("too_deep", { total: calls });
  complain(
    "funclatency",
    `${calls} calls so far were not timed: they had calls inside them to more than ` +
      `${level} levels` + (level < LEVELS ? ": raise -l/--level" : ""),
  );
}

/** Returns are attached before entries: otherwise a call in flight could stay in the map. */
const STEMS = ["leave", "enter"];

const funclatency = defineTool({
  name: "funclatency",
  summary: "Time functions and print latency as a histogram.",
  examples: [
    ["funclatency do_sys_openat2", "time a kernel function"],
    ["funclatency c:read", "time the read() C library function"],
    ["funclatency -u vfs_read", "time vfs_read(), in microseconds"],
    ["funclatency -m do_nanosleep", "time do_nanosleep(), in milliseconds"],
    ["funclatency -i 2 -d 10 c:open", "output every 2 seconds, for duration 10s"],
    ["funclatency -mTi 5 vfs_read", "output every 5 seconds, with timestamps"],
    ["funclatency -p 181 vfs_read", "time process 181 only"],
    ["funclatency 'vfs_fstat*'", "time both vfs_fstat() and vfs_fstatat()"],
    ["funclatency 'c:*printf'", "time the *printf family of functions"],
    ["funclatency -F 'vfs_r*'", "show one histogram per matched function"],
    ["funclatency -F './app:ns::Worker::*'", "time the functions of a C++ class"],
  ],
  object,
  options,
  sample: ["c:getpid"],
  plan(values, machine) {
    const filters = filterSettings(values);
    const trace = new TargetTrace("funclatency", values, machine, {
      debug: values.verbose,
      functionsOnly: true,
    });
    const { isByFunction, isByProcess } = sectionsOf(values, trace);
    const functions = isByFunction ? trace.hooks.names.length : 1;
    return {
      get intro() {
        return trace.intro;
      },
      ...reportTimes(values),
      load: {
        globals: {
          ...filters.globals,
          levels: values.level ?? LEVELS,
          unit_ns: timeUnit(values).ns,
          by_function: isByFunction,
          by_process: isByProcess,
        },
        maps: {
          ...filters.maps,
          times: { maxEntries: Math.max(ENTRIES, functions * SLOTS) },
        },
        programs: {
          ...trace.programs(STEMS, { onTracepoints: false }),
          thread_ended: true,
          thread_freed: true,
        },
      },
      attach: async (bpf) => [
        bpf.program("thread_ended").attach(),
        bpf.program("thread_freed").attach(),
        ...await trace.attach(bpf, STEMS),
      ],
      records: [
        histogramShape({
          ...isByFunction && { function: "text" as const },
          ...isByProcess && { pid: "id" as const },
        }),
        SUMMARY_SHAPE,
        recordShape("too_deep", { total: "number" }),
      ],
      report: reporter(values, trace),
    };
  },
});

export default funclatency;

if (import.meta.main) await main(funclatency);
