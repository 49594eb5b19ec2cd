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
 *         __schedule
 *         schedule
 *         do_nanosleep
 *         hrtimer_nanosleep
 *         __x64_sys_nanosleep
 *         do_syscall_64
 *         entry_SYSCALL_64_after_hwframe
 *         inner_nap
 *         outer_nap
 *         main
 *         __libc_start_call_main
 *         -                stacks (32650)
 *             112083
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
import { flag, longOnly, UsageError, type Values } from "../../toolkit/options/options.ts";
import { requireStackFiles } from "../../toolkit/stacks/stack_files.ts";
import { reportStacks } from "../../toolkit/stacks/stack_report.ts";
import { attachImages, imagePrograms } from "../../toolkit/stacks/images.ts";
import { type Frame, frameName, frameText, Stacks } from "../../toolkit/stacks/stacks.ts";
import {
  secondsArgument,
  stackOptions,
  stackSettings,
} from "../../toolkit/stacks/stack_options.ts";
import { walkOptions } from "../../toolkit/stacks/stack_walk.ts";
import {
  blockTimeOptions,
  checkThreads,
  offCpuSettings,
  stateOption,
  threadOptions,
  threadsText,
} from "../../toolkit/stacks/off_cpu_options.ts";
import { standardOptions } from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./offcputime.bpf.o.ts";
import { GRAPH_SHAPE, stackShape } from "../../toolkit/records/record_shape.ts";

const NS_PER_USEC = 1000;

const options = {
  ...threadOptions,
  ...stackOptions,
  ...walkOptions,
  offsets: flag({ short: "s", long: "offset", help: "show address offsets" }),
  ...blockTimeOptions,
  state: stateOption,
  seconds: secondsArgument,
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;
type Settings = Values<typeof options>;

/** The first line of output, as in bcc's tool. */
function intro(values: Settings): string {
  const { seconds } = values;
  const stacks = values.userOnly ? "user" : values.kernelOnly ? "kernel" : "user + kernel";
  return `Tracing off-CPU time (us) of ${threadsText(values)} by ${stacks} stack` +
    (seconds === undefined ? "... Hit Ctrl-C to end." : ` for ${seconds} secs.`);
}

/** @throws {UsageError} if options contradict each other */
function check(values: Settings): void {
  checkThreads(values);
  const { kernelThreads, userOnly, folded, offsets } = values;
  if (kernelThreads && userOnly) {
    throw new UsageError("kernel threads (-k) have no user stacks (-U)");
  }
  if (folded && offsets) throw new UsageError("use either -f/--folded or -s/--offset");
}

const withOffset = (frame: Frame) => frameText(frame, { offset: true });

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
  sample: false, // on a busy machine there are more stacks than the map has room for
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
        programs: imagePrograms(!values.kernelOnly),
        globals: {
          ...settings.globals,
          ...offCpuSettings(values),
        },
      },
      prepare(bpf) {
        requireStackFiles(values);
        return stacks = new Stacks(bpf, values, values.lines);
      },
      async attach(bpf) {
        const images = attachImages(bpf);
        await stacks.ready("offcputime");
        return [...images, bpf.program("on_switch").attach()];
      },
      records: [stackShape("usecs", { ...values, threads: true }), GRAPH_SHAPE],
      async report(bpf, report) {
        const shown = (sum: number) => Math.floor(sum / NS_PER_USEC);
        const naming = { tool: "offcputime", unit: "usecs", threads: true };
        const line = values.offsets ? withOffset : frameName;
        await reportStacks(bpf, report, { stacks, shown }, { ...values, ...naming, line });
      },
    };
  },
});

export default offcputime;

if (import.meta.main) await main(offcputime);
