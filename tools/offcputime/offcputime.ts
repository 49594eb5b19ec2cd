/**
 * offcputime: sum the time that threads did not run, by the stack on which they stopped.
 *
 * USAGE: offcputime [-p PIDS | -t TIDS | -u | -k] [-U | -K] [-d] [-f | -s]
 *                   [--stack-storage-size ENTRIES] [-m USECS] [-M USECS] [--state STATE]
 *                   [--svg FILE] [--html FILE] [-o FILE]… [--compare FILE] [--json] [duration]
 *
 *     # offcputime
 *     Tracing off-CPU time (us) of all threads by user + kernel stack... Hit Ctrl-C to end.
 *     ^C
 *     __schedule
 *     schedule
 *     do_nanosleep
 *     hrtimer_nanosleep
 *     __x64_sys_nanosleep
 *     do_syscall_64
 *     entry_SYSCALL_64_after_hwframe
 *     inner_nap
 *     outer_nap
 *     main
 *     __libc_start_call_main
 *     -                stacks (32650)
 *         112083
 *
 * Hooks: raw tracepoint sched_switch. Stacks are those at which a thread stopped, so the innermost
 * kernel function is __schedule where bcc's tool, which looks when the thread runs again, has
 * finish_task_switch. How user stacks are found, and which are not whole, is in docs/stacks.md.
 *
 * What the same addresses meant at different times is told apart: programs that a process runs one
 * after the other, and libraries at the same place, which tracepoint syscalls:sys_enter_mmap tells
 * (without CAP_DAC_READ_SEARCH the second library is taken for the first).
 */

import { main } from "../../toolkit/run/main.ts";
import { flag, longOnly, number, UsageError, type Values } from "../../toolkit/options/options.ts";
import { requireStackFiles } from "../../toolkit/stacks/stack_files.ts";
import { reportStacks } from "../../toolkit/stacks/stack_report.ts";
import {
  attachImages,
  type Frame,
  frameName,
  idList,
  imageMaps,
  secondsArgument,
  stackOptions,
  Stacks,
  stackSettings,
} from "../../toolkit/stacks/stacks.ts";
import { walkOptions } from "../../toolkit/stacks/stack_walk.ts";
import { standardOptions } from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { formatSymbol } from "../../mod.ts";
import object from "./offcputime.bpf.o.ts";

const NS_PER_USEC = 1000;
const ALL_NS = 0xffff_ffff_ffff_ffffn;

const usecs = { meta: "USECS", what: "a time in microseconds", min: 1, max: 1e12 };

const options = {
  pids: idList({
    short: "p",
    long: "pid",
    meta: "PIDS",
    help: "trace these PIDs only, comma separated list",
  }),
  tids: idList({
    short: "t",
    long: "tid",
    meta: "TIDS",
    help: "trace these TIDs only, comma separated list",
  }),
  userThreads: flag({
    short: "u",
    long: "user-threads-only",
    help: "user threads only (no kernel threads)",
  }),
  kernelThreads: flag({
    short: "k",
    long: "kernel-threads-only",
    help: "kernel threads only (no user threads)",
  }),
  ...stackOptions,
  ...walkOptions,
  offsets: flag({ short: "s", long: "offset", help: "show address offsets" }),
  least: number({
    short: "m",
    long: "min-block-time",
    help: "the amount of time in microseconds over which we store traces (default 1)",
    ...usecs,
  }),
  most: number({
    short: "M",
    long: "max-block-time",
    help: "the amount of time in microseconds under which we store traces (default: any)",
    ...usecs,
  }),
  state: number({
    long: "state",
    meta: "STATE",
    help: "filter on this thread state bitmask (e.g., 2: uninterruptible; 0: could have run on)",
    what: "a bitmask of states (include/linux/sched.h)",
    min: 0,
    max: 0xffffffff,
  }),
  seconds: secondsArgument,
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;
type Settings = Values<typeof options>;

/** What bcc's tool prints above all. */
function intro(values: Settings): string {
  const { pids, tids, seconds } = values;
  const threads = pids
    ? `PIDs ${pids.join(",")}`
    : tids
    ? `TIDs ${tids.join(",")}`
    : values.userThreads
    ? "user threads"
    : values.kernelThreads
    ? "kernel threads"
    : "all threads";
  const stacks = values.userOnly ? "user" : values.kernelOnly ? "kernel" : "user + kernel";
  return `Tracing off-CPU time (us) of ${threads} by ${stacks} stack` +
    (seconds === undefined ? "... Hit Ctrl-C to end." : ` for ${seconds} secs.`);
}

/** @throws {UsageError} when options contradict each other */
function check({ pids, tids, userThreads, kernelThreads, userOnly, folded, offsets }: Settings) {
  if (
    [pids, tids, userThreads || undefined, kernelThreads || undefined].filter(Boolean).length > 1
  ) {
    throw new UsageError(
      "use one of -p/--pid, -t/--tid, -u/--user-threads-only and -k/--kernel-threads-only",
    );
  }
  if (kernelThreads && userOnly) {
    throw new UsageError("kernel threads (-k) have no user stacks (-U)");
  }
  if (folded && offsets) throw new UsageError("use either -f/--folded or -s/--offset");
}

const withOffset = ({ symbol, address }: Frame) => formatSymbol(symbol, address, { offset: true });

const offcputime = defineTool({
  name: "offcputime",
  summary: "Summarize off-CPU time by stack trace.",
  examples: [
    ["offcputime", "trace off-CPU stack time until Ctrl-C"],
    ["offcputime 5", "trace for 5 seconds only"],
    ["offcputime -f 5", "5 seconds, and output in folded format"],
    ["offcputime -s 5", "5 seconds, and show symbol offsets"],
    ["offcputime --html flame.html 5", "a flame graph, to open in a browser"],
    ["offcputime -m 1000", "only stops of more than 1000 usecs"],
    ["offcputime -M 10000", "only stops of less than 10000 usecs"],
    ["offcputime -p 185,175,165", "only threads of processes 185, 175 and 165"],
    ["offcputime -u", "only user threads (no kernel)"],
    ["offcputime -K", "only kernel space stacks (no user)"],
  ],
  object,
  options,
  sample: false, // a sum per stack and process: a busy machine has more of them than it has room for
  permissions: "all",
  plan(values, machine) {
    check(values);
    const settings = stackSettings(values, values, machine);
    let stacks: Stacks;
    return {
      ...values.folded ? {} : { intro: intro(values) },
      interval: values.seconds,
      count: 1,
      load: {
        ...settings,
        maps: { ...settings.maps, ...imageMaps(machine) },
        programs: { code_mapped: !values.kernelOnly },
        globals: {
          ...settings.globals,
          user_threads: !values.kernelThreads,
          kernel_threads: !values.userThreads,
          by_state: values.state !== undefined,
          state_mask: values.state ?? 0,
          least_ns: BigInt(values.least ?? 1) * BigInt(NS_PER_USEC),
          // A whole microsecond more: bcc compares what it has rounded down.
          most_ns: values.most === undefined
            ? ALL_NS
            : BigInt(values.most + 1) * BigInt(NS_PER_USEC) - 1n,
        },
      },
      prepare(bpf) {
        requireStackFiles(values);
        return stacks = new Stacks(bpf, values);
      },
      async attach(bpf) {
        const images = attachImages(bpf);
        await stacks.ready("offcputime");
        return [...images, bpf.program("on_switch").attach()];
      },
      async report(bpf, report) {
        const samples = (await stacks.read(report)).map((sample) => ({
          ...sample,
          sum: Math.floor(sample.sum / NS_PER_USEC),
        }));
        const naming = { tool: "offcputime", unit: "usecs", threads: true };
        const line = values.offsets ? withOffset : frameName;
        reportStacks(bpf, report, samples, { ...values, ...naming, line });
      },
    };
  },
});

export default offcputime;

if (import.meta.main) await main(offcputime);
