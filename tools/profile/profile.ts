/**
 * profile: sample the stacks that run on each CPU.
 *
 * USAGE: profile [-p PIDS | -L TIDS] [-U | -K] [-F HERTZ | -c EVENTS] [-d] [-a] [-I] [-f] [-A]
 *                [-C CPU] [--stack-storage-size ENTRIES] [--hash-storage-size ENTRIES]
 *                [--svg FILE] [--html FILE [--heat]] [-o FILE]… [--compare FILE] [--cgroupmap PATH]
 *                [--mntnsmap PATH] [--json] [duration]
 *
 *     # profile -F 99
 *     Sampling at 99 Hertz of all threads by user + kernel stack... Hit Ctrl-C to end.
 *     ^C
 *         three_parts+0x1c [stacks]
 *         middle+0x25 [stacks]
 *         outer+0x18 [stacks]
 *         main+0x152 [stacks]
 *         __libc_start_call_main+0x7a [libc.so.6]
 *         -                stacks (32623)
 *             53
 *
 * Hooks: the hardware's cycle counter, or where there is none, as in most virtual machines, the
 * kernel's clock cpu-clock, which cannot see into code that runs with interrupts disabled. How user
 * stacks are found, and which are not whole, is in docs/stacks.md.
 *
 * What the same addresses meant at different times is told apart: programs that a process runs one
 * after the other, and libraries at the same place, which tracepoint syscalls:sys_enter_mmap tells
 * (without CAP_DAC_READ_SEARCH the second library is taken for the first).
 *
 * Code that a runtime compiles has names if the runtime writes a perf-map or jitdump file; most do only
 * when asked. Run with it, and what profile -f then shows as the innermost frame of a hot loop:
 *
 *     Node.js 20   node --perf-basic-prof                      JS:*hotOuter /tmp/hot.js:2:18
 *     Deno 2.9     deno run --v8-flags=--perf-basic-prof       JS:*'hotOuter file:///tmp/hot.js:2:18
 *     Bun 1.4      BUN_JSC_useJITDump=1                        JSC-FTL: hotOuter#AUuPQU
 *                  BUN_JSC_jitDumpDirectory=FOLDER
 *     PHP 8.2      -d opcache.jit_debug=16                     TRACE-1$hotInner$1, JIT$hotInner
 *     OpenJDK 17   java -XX:+PreserveFramePointer, and then    long Hot.hotOuter(long)
 *                  jcmd PID Compiler.perfmap
 *     Erlang 25    erl +JPperf true                            $hot:inner/2
 *     mono 6.8     mono --jitmap                               Hot:HotInner (long)
 *     Python 3.13  python3 -X perf                             py::hot_inner:/hot.py
 *     QEMU 10.0    qemu-x86_64 -perfmap                        guest-0x555555557204
 *
 * Python's is the frame above those of the interpreter. mono writes its file in pieces of 4 KiB: what it compiled
 * last has a name once the process has ended. Ruby 3.3 and later (--yjit-perf) says that it writes such a file
 * too, and was not run: Debian builds it without YJIT. PHP's compiled code keeps no frame pointers: its callers
 * are missing, as mono's are.
 */

import { type Bpf, BpfError, type Link } from "../../mod.ts";
import { cpuOption } from "../../toolkit/options/cpu_option.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, longOnly, number, UsageError, type Values } from "../../toolkit/options/options.ts";
import { fullFrame, reportStacks } from "../../toolkit/stacks/stack_report.ts";
import { requireStackFiles } from "../../toolkit/stacks/stack_files.ts";
import {
  heatClock,
  heated,
  heatOptions,
  heatSettings,
  tellHeatDropped,
} from "../../toolkit/stacks/heat.ts";
import { attachImages, imagePrograms } from "../../toolkit/stacks/images.ts";
import { type Frame, Stacks } from "../../toolkit/stacks/stacks.ts";
import {
  idList,
  secondsArgument,
  sizeOption,
  stackOptions,
  stackSettings,
} from "../../toolkit/stacks/stack_options.ts";
import { walkOptions } from "../../toolkit/stacks/stack_walk.ts";
import { standardOptions } from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./profile.bpf.o.ts";
import { GRAPH_SHAPE, stackShape } from "../../toolkit/records/record_shape.ts";

const HERTZ = 49; // not 50, to avoid sampling in step with timers of that rate

const options = {
  pids: idList({
    short: "p",
    long: "pid",
    meta: "PIDS",
    help: "profile processes with one or more comma-separated PIDs only",
  }),
  tids: idList({
    short: "L",
    long: "tid",
    meta: "TIDS",
    help: "profile threads with one or more comma-separated TIDs only",
  }),
  ...stackOptions,
  ...walkOptions,
  ...heatOptions,
  frequency: number({
    short: "F",
    long: "frequency",
    meta: "HERTZ",
    help: `sample frequency in Hertz (default ${HERTZ})`,
    what: "a frequency in Hertz",
    min: 1,
    max: 100000,
  }),
  period: number({
    short: "c",
    long: "count",
    meta: "EVENTS",
    help: "sample period, number of events (nanoseconds of the clock)",
    what: "a number of events",
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  }),
  annotated: flag({
    short: "a",
    long: "annotations",
    help: "add _[k] annotations to kernel frames",
  }),
  idle: flag({ short: "I", long: "include-idle", help: "include CPU idle stacks" }),
  hashSize: sizeOption("hash-storage-size", "the number of processes and stacks together", 40960),
  cpu: { ...cpuOption, short: "C", help: "CPU number to run profile on" },
  addresses: flag({ short: "A", long: "address", help: "show raw addresses" }),
  seconds: secondsArgument,
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;
type Settings = Values<typeof options>;

/** The first line of output, as in bcc's tool. */
function intro({ period, frequency, pids, tids, cpu, seconds, userOnly, kernelOnly }: Settings) {
  const rate = period === undefined ? `${frequency ?? HERTZ} Hertz` : `every ${period} events`;
  const threads = pids ? `PID [${pids.join(", ")}]` : tids ? `TID [${tids.join(", ")}]` : undefined;
  const stacks = userOnly ? "user" : kernelOnly ? "kernel" : "user + kernel";
  return `Sampling at ${rate} of ${threads ?? "all threads"} by ${stacks} stack` +
    (cpu === undefined ? "" : ` on CPU#${cpu}`) +
    (seconds === undefined ? "... Hit Ctrl-C to end." : ` for ${seconds} secs.`);
}

/** Samples by CPU cycles, or by the CPU clock where cycles are not counted, as in many guests. */
function attach(bpf: Bpf, { frequency, period, cpu }: Settings): Link {
  const rate = period === undefined ? { frequency: frequency ?? HERTZ } : { period };
  const where = cpu === undefined ? rate : { ...rate, cpu };
  try {
    return bpf.program("sample").attachPerfEvent({ event: "cpu-cycles", ...where });
  } catch (error) {
    if (!(error instanceof BpfError) || error.code === "EPERM") throw error;
    return bpf.program("sample").attachPerfEvent({ event: "cpu-clock", ...where });
  }
}

const line = (isAddressed: boolean) => (frame: Frame) => {
  if (!isAddressed) return fullFrame(frame);
  const digits = frame.address.toString(16);
  return `0x${frame.kernel ? digits.padEnd(16) : digits.padStart(16, "0")} ${fullFrame(frame)}`;
};

const profile = defineTool({
  name: "profile",
  summary: "Profile CPU usage by sampling stacks at a timed interval.",
  examples: [
    ["profile", `sample stacks at ${HERTZ} Hertz until Ctrl-C`],
    ["profile -F 99 5", "at 99 Hertz for 5 seconds"],
    ["profile -c 1000000", "one sample per million events"],
    ["profile -f 5 > out.folded", "in folded format, for flame graphs"],
    ["profile --html flame.html 10", "a flame graph, to open in a browser"],
    ["profile -F 99 --html f.html --heat 30", "and when: a heat map to select moments in"],
    ["profile -o cpu.pb.gz 10", "pprof; .json is Firefox's, .svg a flame graph"],
    ["profile --html d.html --compare out.folded 5", "what changed since that run"],
    ["profile -p 185", "only process 185"],
    ["profile -L 185", "only thread 185"],
    ["profile -U", "only user space stacks (no kernel)"],
    ["profile -K", "only kernel space stacks (no user)"],
  ],
  object,
  options,
  permissions: "all",
  plan(values, machine) {
    if (values.pids && values.tids) throw new UsageError("use either -p/--pid or -L/--tid");
    if (values.frequency !== undefined && values.period !== undefined) {
      throw new UsageError("use either -F/--frequency or -c/--count");
    }
    const online = machine.onlineCpus();
    if (values.cpu !== undefined && !online.includes(values.cpu)) {
      throw new UsageError(`CPU ${values.cpu} is not online: ${online.join(", ")} are`);
    }
    const settings = stackSettings(values, values, machine);
    const heat = heatSettings(values);
    let stacks: Stacks;
    return {
      ...values.folded ? {} : { intro: intro(values) },
      interval: values.seconds,
      count: 1,
      load: {
        ...settings,
        globals: { ...settings.globals, ...heat.globals, include_idle: values.idle },
        maps: {
          ...settings.maps,
          ...heat.maps,
          sums: { maxEntries: values.hashSize },
        },
        programs: imagePrograms(!values.kernelOnly),
      },
      prepare(bpf) {
        requireStackFiles(values);
        return stacks = new Stacks(bpf, values, values.lines);
      },
      async attach(bpf) {
        const images = attachImages(bpf);
        await stacks.ready("profile");
        return [...images, attach(bpf, values)];
      },
      records: [stackShape("samples", { ...values, threads: false }), GRAPH_SHAPE],
      async report(bpf, report) {
        const naming = {
          tool: "profile",
          unit: "samples",
          threads: false,
          sumsOption: "--hash-storage-size",
        };
        const sums = values.heat ? heated(bpf, stacks.sums()) : undefined;
        await reportStacks(bpf, report, { stacks, sums }, {
          ...values,
          ...naming,
          clock: values.heat ? heatClock() : undefined,
          line: line(values.addresses),
        });
        if (values.heat) tellHeatDropped(bpf, report, "profile");
      },
    };
  },
});

export default profile;

if (import.meta.main) await main(profile);
