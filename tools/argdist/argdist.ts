/**
 * argdist: count the values that functions, tracepoints and USDT probes are called with, or show how
 * they are distributed.
 *
 * USAGE: argdist [-p PID] [-t TID] [-z SIZE] [-i SECONDS] [-d SECONDS] [-n COUNT] [-v] [-c] [-T TOP]
 *                [-C PROBE] [-H PROBE] [-I HEADER] [--json]
 *
 *     # argdist -i 5 -n 1 -C 'p:c:write(int fd):int:fd#writes by fd' -T 3 \
 *         -H 'p:c:write(int fd, void *buf, size_t len):size_t:len:fd==1'
 *     [23:23:01]
 *     writes by fd
 *             COUNT      EVENT
 *             684        fd = 16
 *             964        fd = 4
 *             2498       fd = 8
 *          len                 : count     distribution
 *              0 -> 1          : 2        |********                                |
 *              2 -> 3          : 7        |*******************************         |
 *              4 -> 7          : 1        |****                                    |
 *              8 -> 15         : 9        |****************************************|
 *
 * A probe is `KIND:[LIBRARY]:FUNCTION(SIGNATURE)[:TYPE[,TYPE…]:VALUE[,VALUE…][:FILTER]][#LABEL]`.
 * Kinds are p for a function's entry, r for its return, t for a tracepoint (`t:CATEGORY:EVENT()`) and u
 * for a USDT probe (`u:LIBRARY:[PROVIDER:]PROBE()`); without a library the function is the kernel's.
 * Values and the filter are expressions in C, with the signature's names, arg1 to arg6 (of USDT
 * probes arg1 to arg12, each of the type that it has at that place, 0 where it lacks), args->MEMBER of
 * tracepoints, $PID, $COMM, and STRCMP("text", address), which is true for equal texts; at returns with
 * $retval, $entry(NAME) for a parameter as it was at the entry, and $latency, the nanoseconds between.
 * User functions may call themselves meanwhile. A value of type `char *` is read as a text. Histograms
 * have rows of their own for values below 0, by powers of two as well.
 *
 * Hooks: those that are asked for. The programs are compiled when the tool starts, because they depend on
 * what the user types, by a compiler of its own: types are those of the kernel's BTF, and nothing need be
 * installed. Headers by -I, macros, and what else it does not know are left to libbcc, where that is
 * installed. Kernel functions need kprobes. Each report tells what was counted since the one before, and
 * nothing between them is lost.
 *
 * Overhead: about 0.1 µs per event, 0.2 µs with a text; and what the hook itself costs, which is far
 * more for a user function than for a tracepoint.
 */

import { ArgdistProgram } from "./program.ts";
import { parseArgdistProbe } from "./probe.ts";
import { argdistReport } from "./report.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, list, number, type Option, UsageError } from "../../toolkit/options/options.ts";
import { COMPILER_FLAGS } from "../../toolkit/probe_language/probe_code.ts";
import {
  containerOptions,
  filterOptions,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { histogramShape, recordShape } from "../../toolkit/records/record_shape.ts";

const options = {
  pid: filterOptions.pid,
  tid: filterOptions.tid,
  textSize: {
    ...number({
      short: "z",
      long: "string-size",
      meta: "SIZE",
      help: "maximum string size to read from char* arguments (default 80)",
      what: "a size in bytes",
      min: 2,
      max: 384,
    }),
    initial: 80,
  } as Option<number>,
  interval: {
    ...number({
      short: "i",
      long: "interval",
      meta: "SECONDS",
      help: "output interval, in seconds (default 1 second)",
      what: "an interval in seconds",
      min: 0.001,
      max: 2147483,
      fraction: true,
    }),
    initial: 1,
  } as Option<number>,
  count: number({
    short: "n",
    long: "number",
    meta: "COUNT",
    help: "number of outputs",
    what: "a number of outputs",
    min: 1,
    max: 2147483647,
  }),
  verbose: flag({
    short: "v",
    long: "verbose",
    help: "print the program as C on standard error before it is compiled",
  }),
  ebpf: flag({ long: "ebpf", help: "print the program as C and exit" }),
  cumulative: flag({
    short: "c",
    long: "cumulative",
    help: "count from the start, not from the last output",
  }),
  top: number({
    short: "T",
    long: "top",
    meta: "TOP",
    help: "number of top results to show (not applicable to histograms)",
    what: "a number of results",
    min: 1,
    max: 2147483647,
  }),
  histograms: list({
    short: "H",
    long: "histogram",
    meta: "PROBE",
    help: "probe to capture a histogram of",
  }),
  counts: list({ short: "C", long: "count", meta: "PROBE", help: "probe to count values of" }),
  includes: list({
    short: "I",
    long: "include",
    meta: "HEADER",
    help: "include this header too, with libbcc: a path that begins with . or /, or the kernel's",
  }),
  cgroup: containerOptions.cgroup,
  ...standardOptions,
} as const;

const argdist = defineTool({
  name: "argdist",
  summary: "Count values of arguments, results and expressions, or show their distribution.",
  examples: [
    ["argdist -H 'p::__kmalloc(u64 size):u64:size'", "a histogram of sizes"],
    ["argdist -C 'p:c:malloc(size_t n):size_t:n:n==16'", "how often malloc is called with 16"],
    ["argdist -C 'p:c:write(int fd):int:fd' -T 5 -p 1005", "the 5 busiest files of a process"],
    ["argdist -H 'r:c:read()' -p 1005", "what read() returns in a process"],
    ["argdist -C 'r::vfs_read():u32:$PID:$latency > 100000'", "reads of over 0.1 ms, by process"],
    ["argdist -H 'r:c:malloc(size_t n):u64:$latency/$entry(n)#ns'", "nanoseconds per byte"],
    ["argdist -C 'p:c:fork()#fork calls'", "count calls"],
    ["argdist -H 't:block:block_rq_complete():u32:args->nr_sector'", "a tracepoint"],
    ["argdist -C 'u:pthread:pthread_start():u64:arg2' -p 1337", "a USDT probe of a process"],
    [`argdist -C 'p:c:open(char *f):char*:f:STRCMP("a",f)'`, "opens of one file"],
  ],
  options,
  sample: ["-C", "t:sched:sched_process_exec():char*:args->filename"],
  permissions: "all",
  plan(values, machine) {
    const probes = [
      ...values.counts.map((text) => parseArgdistProbe(text, "count")),
      ...values.histograms.map((text) => parseArgdistProbe(text, "histogram")),
    ];
    if (probes.length === 0) throw new UsageError("expected at least one -C or -H");
    const { count = Infinity, duration = Infinity, interval } = values;
    const program = new ArgdistProgram(probes, { ...values, machine });
    const { text, source, usdt } = program;
    if (values.ebpf) return { text: text.trimEnd() };
    const explain = (error: unknown) => source.explain(error, text);
    return {
      interval,
      count: Math.min(count, Math.ceil(duration / interval)),
      source: {
        text,
        options: { usdt, cflags: COMPILER_FLAGS },
        explain,
        verbose: values.verbose,
        // Only libbcc can include the user's own headers.
        ...values.includes.length === 0 ? { own: () => program.compiled() } : {},
      },
      attach(bpf) {
        try {
          return Promise.resolve(program.attach(bpf));
        } catch (error) {
          throw explain(error);
        }
      },
      records: [
        recordShape("count", { probe: "text", values: "any", count: "count" }),
        histogramShape({ probe: "text" }),
      ],
      report: argdistReport(probes, values),
    };
  },
});

export default argdist;

if (import.meta.main) await main(argdist);
