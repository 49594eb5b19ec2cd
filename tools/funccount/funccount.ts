/**
 * funccount: count calls of functions, tracepoints and USDT probes.
 *
 * USAGE: funccount [-p PID] [-i INTERVAL] [-d DURATION] [-T] [-r] [-D] [-c CPU] [--json] pattern
 *
 *     # funccount 'c:*alloc'
 *     Tracing 15 functions for "c:*alloc"... Hit Ctrl-C to end.
 *     ^C
 *     FUNC                                    COUNT
 *     sysmalloc                                  33
 *     __libc_calloc                            1545
 *     _int_realloc                             4405
 *     realloc                                  4405
 *     _int_malloc                              4944
 *     malloc                                  41089
 *     Detaching...
 *
 * Hooks: kernel functions by kprobes, user functions and USDT probes by uprobes. A few tracepoints
 * by perf events, more than four by raw tracepoints (Linux 6.10); more than four of system calls by
 * the two of all system calls, whatever the kernel. The programs are compiled beforehand, one for
 * each way to attach, and told by a cookie which match they are on, so that nothing is compiled when
 * the tool starts. All functions are attached by one link where the kernel can (kernel functions from
 * Linux 5.18, user functions from 6.6); elsewhere, as what is left to perf events, one by one, and
 * then not more than 1000, since the kernel takes a tenth of a second to detach each. Needs Linux >=
 * 5.15.
 *
 * C++ and Rust functions are also found by the names that people write: `./app:ns::Worker::*`. What
 * cannot be probed is left out and named on standard error, on x86 also functions that begin with an
 * instruction (of AVX, as some of libc's string functions do) that the kernel would take for another
 * one: a probe there makes programs compute wrong or die. -D prints what is traced: there is no
 * program text to print.
 *
 * Overhead: about 0.1 µs per call, and for the breakpoint of a user function, which traps into the
 * kernel, several microseconds more: a loop of a million empty calls took 10 s.
 */

import { type Bpf, sum, u32, u64 } from "../../mod.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas } from "../../toolkit/output/counter_deltas.ts";
import { cpuOption } from "../../toolkit/options/cpu_option.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { filterSettings, standardOptions } from "../../toolkit/options/standard_options.ts";
import { isStopped } from "../../toolkit/probes/pattern_hooks.ts";
import {
  cpuSetting,
  reportTimes,
  targetOptions,
  TargetTrace,
} from "../../toolkit/probes/pattern_trace.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./funccount.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const options = {
  ...targetOptions,
  cpu: cpuOption,
  debug: flag({
    short: "D",
    long: "debug",
    help: "print what is traced before starting (for debugging purposes)",
  }),
  ...standardOptions,
} as const;

interface Row {
  readonly name: string;
  readonly count: number;
}

const columns: readonly Column<Row>[] = [
  { head: "FUNC", width: 36, value: (row) => row.name },
  { head: "COUNT", width: 8, align: "right", value: (row) => row.count },
];

function reporter({ timestamp }: Values<typeof options>, names: readonly string[]) {
  const deltas = new CounterDeltas();
  return (bpf: Bpf, report: Report) => {
    const counts = new Map<string, number>();
    for (const [index, perCpu] of bpf.perCpuMap("counts", u32, u64.asNumber)) {
      const name = names[index]!;
      counts.set(name, (counts.get(name) ?? 0) + sum(perCpu));
    }
    const rows = [...counts].map(([name, now]) => ({ name, count: deltas.since(name, now) }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => a.count - b.count);
    report.line();
    if (timestamp) report.line(report.clock);
    report.table(columns, rows);
    if (isStopped(bpf)) report.line("Detaching...");
  };
}

const STEMS = ["on"];

const funccount = defineTool({
  name: "funccount",
  summary: "Count functions, tracepoints, and USDT probes.",
  examples: [
    ["funccount 'vfs_*'", 'count kernel fns starting with "vfs_"'],
    ["funccount -r '^vfs.*'", "similar, using regular expressions"],
    ["funccount -Ti 5 'vfs_*'", "output every 5 seconds, with timestamps"],
    ["funccount -d 10 'vfs_*'", "trace for 10 seconds only"],
    ["funccount -p 185 'vfs_*'", "count vfs calls for PID 185 only"],
    ["funccount t:sched:sched_process_fork", "count calls to a tracepoint"],
    ["funccount -p 185 'u:node:gc*'", "count all GC USDT probes in node, PID 185"],
    ["funccount c:malloc", "count all malloc() calls in libc"],
    ["funccount -p 185 'go:os.*'", 'count all "os.*" calls in libgo, PID 185'],
    ["funccount './test:read*'", 'count "read*" calls in the ./test binary'],
    ["funccount './test:ns::Worker::*'", "count calls of a C++ class's functions"],
    ["funccount r:c:malloc", "count returns of malloc()"],
    ["funccount -c 1 'vfs_*'", "count vfs calls on CPU 1 only"],
  ],
  object,
  options,
  sample: ["t:syscalls:sys_enter_exec*"],
  plan(values, machine) {
    const cpu = cpuSetting(values.cpu, machine);
    const filters = filterSettings(values);
    const trace = new TargetTrace("funccount", values, machine, { ...values, countsOnly: true });
    const { names } = trace.hooks;
    return {
      get intro() {
        return trace.intro;
      },
      ...reportTimes(values),
      load: {
        globals: { ...filters.globals, target_cpu: cpu },
        maps: { ...filters.maps, counts: { maxEntries: names.length } },
        programs: trace.programs(STEMS),
      },
      attach: (bpf) => trace.attach(bpf, STEMS),
      records: [rowShape({ func: "text", count: "count" })],
      report: reporter(values, names),
    };
  },
});

export default funccount;

if (import.meta.main) await main(funccount);
