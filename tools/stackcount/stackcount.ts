/**
 * stackcount: count events and their stack traces.
 *
 * USAGE: stackcount [-p PID] [-c CPU] [-i INTERVAL] [-D DURATION] [-T] [-r] [-s] [-P] [-K] [-U] [-v]
 *                   [-d] [-f] [--debug] [--svg FILE] [--html FILE] [-o FILE]… [--json] pattern
 *
 *     # stackcount -P -d t:sched:sched_switch
 *     Tracing 1 functions for "t:sched:sched_switch"... Hit Ctrl-C to end.
 *     ^C
 *       __schedule
 *       schedule
 *       schedule_hrtimeout_range_clock
 *       poll_schedule_timeout.constprop.0
 *       do_sys_poll
 *       __x64_sys_ppoll
 *       do_syscall_64
 *       entry_SYSCALL_64_after_hwframe
 *         --
 *       ppoll
 *         qemu-system-x86 [26195]
 *         360
 *
 *     Detaching...
 *
 * Hooks: kernel functions by kprobes, user functions and USDT probes by uprobes, tracepoints by perf
 * events. The programs are compiled beforehand, one for each way to attach, so that nothing is
 * compiled when the tool starts. All functions are attached by one link where the kernel can (kernel
 * functions from Linux 5.18, user functions from 6.6); elsewhere one by one, and then not more than
 * 1000. Needs Linux >= 5.15.
 *
 * How user stacks are found, and which are not whole, is in docs/stacks.md. With --stack-walk fp, kernels
 * before 6.11 leave out the caller of a user function at its entry. Older ones (6.1) tell no kernel
 * stack at tracepoints of system calls. Without -P, stacks of several
 * processes are one if their frames have the same names. --debug prints what is traced: there is no
 * program text to print.
 *
 * What the same addresses meant at different times is told apart: programs that a process runs one
 * after the other, and libraries at the same place, which tracepoint syscalls:sys_enter_mmap tells
 * (without CAP_DAC_READ_SEARCH the second library is taken for the first).
 *
 * Overhead: about 1.5 µs per event, with both stacks, and for the breakpoint of a user function, which
 * traps into the kernel, several more: a loop of a million empty calls took 15 s.
 */

import { cpuOption } from "../../toolkit/options/cpu_option.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import { recordsOfStacks, stackReporter } from "./report.ts";
import { requireStackFiles } from "../../toolkit/stacks/stack_files.ts";
import { attachImages, imagePrograms } from "../../toolkit/stacks/images.ts";
import { stackOptions, stackSettings } from "../../toolkit/stacks/stack_options.ts";
import { Stacks } from "../../toolkit/stacks/stacks.ts";
import { walkOptions } from "../../toolkit/stacks/stack_walk.ts";
import { standardOptions } from "../../toolkit/options/standard_options.ts";
import {
  cpuSetting,
  reportTimes,
  targetOptions,
  TargetTrace,
} from "../../toolkit/probes/pattern_trace.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./stackcount.bpf.o.ts";
import { GRAPH_SHAPE } from "../../toolkit/records/record_shape.ts";

const SUMS = 40960;

const options = {
  ...targetOptions,
  cpu: cpuOption,
  offsets: flag({ short: "s", long: "offset", help: "show address offsets" }),
  perProcess: flag({
    short: "P",
    long: "perpid",
    help: "display stacks separately for each process",
  }),
  verbose: flag({ short: "v", long: "verbose", help: "show raw addresses" }),
  debug: flag({
    long: "debug",
    help: "print what is traced before starting (for debugging purposes)",
  }),
  ...stackOptions,
  ...walkOptions,
  ...standardOptions,
  duration: { ...standardOptions.duration, short: "D" },
} as const;
const STEMS = ["on"];

const stackcount = defineTool({
  name: "stackcount",
  summary: "Count events and their stack traces.",
  examples: [
    ["stackcount submit_bio", "count kernel stack traces for submit_bio"],
    ["stackcount -d ip_output", "include a user/kernel stack delimiter"],
    ["stackcount -s ip_output", "show symbol offsets"],
    ["stackcount -sv ip_output", "show offsets and raw addresses (verbose)"],
    ["stackcount 'tcp_send*'", "count stacks for funcs matching tcp_send*"],
    ["stackcount -r '^tcp_send.*'", "same as above, using regular expressions"],
    ["stackcount -Ti 5 ip_output", "output every 5 seconds, with timestamps"],
    ["stackcount -p 185 ip_output", "count ip_output stacks for PID 185 only"],
    ["stackcount -c 1 put_prev_entity", "count put_prev_entity stacks for CPU 1 only"],
    ["stackcount -p 185 c:malloc", "count stacks for malloc in PID 185"],
    ["stackcount t:sched:sched_process_fork", "count stacks for a tracepoint"],
    ["stackcount -p 185 'u:node:*'", "count stacks for all USDT probes in node"],
    ["stackcount -K t:sched:sched_switch", "kernel stacks only"],
    ["stackcount --html flame.html -D 10 c:malloc", "a flame graph, to open in a browser"],
  ],
  object,
  options,
  sample: ["t:sched:sched_process_exec"],
  permissions: "all",
  plan(values, machine) {
    const cpu = cpuSetting(values.cpu, machine);
    const byProcess = values.perProcess || values.pid !== undefined;
    const pids = values.pid === undefined ? undefined : [values.pid];
    const targets = { pids, tids: undefined };
    const settings = stackSettings(values, targets, machine);
    const trace = new TargetTrace("stackcount", values, machine, values);
    let stacks: Stacks;
    return {
      get intro() {
        return values.folded ? undefined : trace.intro;
      },
      ...reportTimes(values),
      load: {
        globals: { ...settings.globals, target_cpu: cpu, by_process: byProcess },
        maps: {
          ...settings.maps,
          sums: { maxEntries: Math.max(SUMS, 2 * values.stackSize) },
        },
        programs: { ...trace.programs(STEMS), ...imagePrograms(!values.kernelOnly) },
      },
      prepare(bpf) {
        requireStackFiles(values);
        return stacks = new Stacks(bpf, targets, values.lines);
      },
      async attach(bpf) {
        const images = attachImages(bpf);
        await stacks.ready("stackcount");
        return [...images, ...await trace.attach(bpf, STEMS)];
      },
      records: [recordsOfStacks({ ...values, byProcess }), GRAPH_SHAPE],
      report: stackReporter({ ...values, byProcess }, () => stacks),
    };
  },
});

export default stackcount;

if (import.meta.main) await main(stackcount);
