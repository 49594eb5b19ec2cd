/**
 * The options of trace.
 *
 * @module
 */

import {
  argumentList,
  flag,
  list,
  longOnly,
  number,
  type Option,
  text,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";
import { eventWalkOptions } from "../../toolkit/stacks/stack_walk.ts";
import { eventOptions, filterOptions } from "../../toolkit/options/standard_options.ts";

/** The options of trace. */
export const traceOptions = {
  ...eventOptions,
  pid: filterOptions.pid,
  tid: { ...filterOptions.tid, short: "L" },
  uid: longOnly(filterOptions.uid),
  verbose: flag({
    short: "v",
    long: "verbose",
    help: "print the program as C on standard error before it is compiled",
  }),
  ebpf: flag({ long: "ebpf", help: "print the program as C and exit" }),
  textSize: {
    ...number({
      short: "Z",
      long: "string-size",
      meta: "SIZE",
      help: "maximum size to read from strings (default 80)",
      what: "a size in bytes",
      min: 2,
      max: 16384,
    }),
    initial: 80,
  } as Option<number>,
  self: flag({ short: "S", long: "include-self", help: "trace this tool's own process too" }),
  most: number({
    short: "M",
    long: "max-events",
    meta: "EVENTS",
    help: "number of events to print before quitting",
    what: "a number of events",
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  }),
  mostPerProbe: number({
    short: "m",
    long: "max-per-probe",
    meta: "EVENTS",
    help: "number of events to print of each probe; ends when all have so many",
    what: "a number of events",
    min: 1,
    max: 4294967295,
  }),
  offset: flag({
    short: "t",
    long: "timestamp",
    help: "print timestamp column (offset from trace start, in seconds)",
  }),
  unix: flag({
    short: "u",
    long: "unix-timestamp",
    help: "print UNIX timestamp instead of offset from trace start, requires -t",
  }),
  clock: flag({ short: "T", long: "time", help: "print time column" }),
  cpu: flag({ short: "C", long: "print_cpu", help: "print CPU id" }),
  cgroup: text({
    short: "c",
    long: "cgroup-path",
    meta: "PATH",
    help: "trace this cgroup (v2) and those below it only",
  }),
  comm: filterOptions.comm,
  message: text({
    short: "f",
    long: "msg-filter",
    meta: "TEXT",
    help: "only print events whose message contains this",
  }),
  binary: flag({
    short: "B",
    long: "bin_cmp",
    help: 'compare bytes with STRCMP: STRCMP("{0x6c, 0x00}", arg1)',
  }),
  symbolFiles: text({
    short: "s",
    long: "sym_file_list",
    meta: "FILES",
    help: "for bcc's users; processes are followed, so that all their files are known anyway",
  }),
  kernelStack: flag({ short: "K", long: "kernel-stack", help: "print the kernel stack" }),
  userStack: flag({ short: "U", long: "user-stack", help: "print the user stack" }),
  ...eventWalkOptions,
  addresses: flag({ short: "a", long: "address", help: "print addresses in stacks" }),
  includes: list({
    short: "I",
    long: "include",
    meta: "HEADER",
    help: "include this header too, with libbcc: a path that begins with . or /, or the kernel's",
  }),
  aggregate: flag({
    short: "A",
    long: "aggregate",
    help: "count equal events and print each once at the end, requires -M",
  }),
  probes: argumentList({ long: "probe", help: "what to trace: see the examples" }),
} as const;
/** The values of {@linkcode traceOptions}. */
export type TraceSettings = Values<typeof traceOptions>;

/** @throws {UsageError} when options contradict each other */
export function checkTraceOptions(
  { pid, tid, unix, offset, aggregate, most, probes }: TraceSettings,
): void {
  if (pid !== undefined && tid !== undefined) {
    throw new UsageError("use either -p/--pid or -L/--tid");
  }
  if (unix && !offset) throw new UsageError("-u/--unix-timestamp needs -t/--timestamp");
  if (aggregate && most === undefined) {
    throw new UsageError("-A/--aggregate needs -M/--max-events");
  }
  if (probes.length === 0) throw new UsageError("expected a probe: trace 'c:open \"%s\", arg1'");
}
