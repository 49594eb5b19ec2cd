/**
 * wakeuptime: sum the time that threads slept, by who woke them, and on which kernel stack.
 *
 * USAGE: wakeuptime [-u | -p PID] [-v] [-f] [--stack-storage-size ENTRIES] [-m USECS] [-M USECS]
 *                   [--json] [duration]
 *
 *     # wakeuptime
 *     Tracing blocked time (us) by kernel stack... Hit Ctrl-C to end.
 *     ^C
 *         target:          qemu-system-x86
 *         try_to_wake_up
 *         hrtimer_wakeup
 *         __hrtimer_run_queues
 *         hrtimer_interrupt
 *         __sysvec_apic_timer_interrupt
 *         sysvec_apic_timer_interrupt
 *         asm_sysvec_apic_timer_interrupt
 *         waker:           swapper/0
 *             3062
 *
 * The stack of the waker stands innermost first between the thread that was woken and its waker. The time
 * is that from when a thread gave up its CPU until it was woken. A waker may be no more than whom an
 * interrupt found on the CPU: then the stack tells.
 *
 * Hooks: raw tracepoints sched_switch and sched_waking, with the kernel's types. Needs Linux >= 5.12.
 * bcc's tool looks at sched_wakeup, which may come on another CPU than the waker's.
 */

import { type Bpf, chars, struct, u64 } from "../../mod.ts";
import { reportDropped, tellDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, UsageError, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  filterOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { blockTimeOptions, blockTimes } from "../../toolkit/stacks/off_cpu_options.ts";
import {
  foldedText,
  type Frame,
  frameName,
  KeptStacks,
  missedStack,
} from "../../toolkit/stacks/kept_stacks.ts";
import { secondsArgument, sizeOption } from "../../toolkit/stacks/stack_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./wakeuptime.bpf.o.ts";
import { recordShape } from "../../toolkit/records/record_shape.ts";

const NS_PER_USEC = 1000;

const options = {
  userOnly: flag({
    short: "u",
    long: "useronly",
    help: "user threads only (no kernel threads)",
  }),
  pid: filterOptions.pid,
  verbose: flag({ short: "v", long: "verbose", help: "show raw addresses" }),
  folded: flag({ short: "f", long: "folded", help: "output folded format" }),
  stackSize: sizeOption("stack-storage-size", "the number of unique stack traces", 16384),
  ...blockTimeOptions,
  seconds: secondsArgument,
  ...containerOptions,
  ...standardOptions,
} as const;
type Settings = Values<typeof options>;

const Key = struct("key", { stack: u64, waker: chars(16), target: chars(16) });
const Sums = struct("sums", { time: u64.asNumber, count: u64.asNumber });

const MISSED = missedStack("Kernel");
const label = (name: string, value: string) => `    ${name.padEnd(16)} ${value}`;

function frameLine(frame: Frame, { verbose }: Settings): string {
  return `    ${verbose ? `${frame.address.toString(16).padEnd(16)} ` : ""}${frameName(frame)}`;
}

/** Prints the sums, the smallest first. */
async function print(bpf: Bpf, report: Report, values: Settings): Promise<void> {
  const stacks = new KeptStacks(bpf);
  let missed = 0;
  if (!values.folded) report.line();
  const sleeps = [...bpf.map("sleeps", Key, Sums)].sort(([, a], [, b]) => a.time - b.time);
  await report.each(sleeps, "stacks", ([key, { time, count }]) => {
    const { waker, target } = key;
    const frames = stacks.kernel(key.stack);
    const sum = Math.floor(time / NS_PER_USEC);
    const names = frames?.map(frameName);
    if (!frames) missed += count;
    if (values.folded) {
      const path = [waker, ...(names ?? [MISSED]).toReversed(), target];
      report.line(foldedText(path, sum));
    } else {
      report.line(label("target:", target));
      for (const frame of frames ?? []) report.line(frameLine(frame, values));
      if (!frames) report.line(`    ${MISSED}`);
      report.line(label("waker:", waker));
      report.line(`        ${sum}`);
      report.line();
    }
    report.record("sleep", { target, waker, usecs: sum, count, kernel: names ?? null });
  });
  tellDropped(report, "wakeuptime", "stacks", missed, {
    reason: "the kernel's map of stacks was full: raise --stack-storage-size",
    when: "in all",
  });
  reportDropped(bpf, report, "wakeuptime", "sleeps");
}

const wakeuptime = defineTool({
  name: "wakeuptime",
  summary: "Sum the time that threads slept, by who woke them, and on which kernel stack.",
  examples: [
    ["wakeuptime", "trace blocked time with waker stacks until Ctrl-C"],
    ["wakeuptime 5", "trace for 5 seconds only"],
    ["wakeuptime -f 5", "5 seconds, and output in folded format"],
    ["wakeuptime -u", "don't include kernel threads (user only)"],
    ["wakeuptime -p 185", "trace for PID 185 only"],
    ["wakeuptime -m 1000", "only sleeps of more than 1000 usecs"],
  ],
  object,
  options,
  sample: false, // on a busy machine there are more stacks than the map has room for
  plan(values) {
    const { pid, userOnly, seconds } = values;
    if (pid !== undefined && userOnly) throw new UsageError("use either -p/--pid or -u/--useronly");
    const settings = filterSettings(values, {
      user_threads_only: userOnly,
      ...blockTimes(values),
    });
    const time = seconds === undefined ? "... Hit Ctrl-C to end." : ` for ${seconds} secs.`;
    return {
      ...values.folded ? {} : { intro: `Tracing blocked time (us) by kernel stack${time}` },
      interval: seconds,
      count: 1,
      load: {
        ...settings,
        maps: { ...settings.maps, stacks: { maxEntries: values.stackSize } },
      },
      records: [
        recordShape("sleep", {
          target: "text",
          waker: "text",
          usecs: "count",
          count: "count",
          kernel: "texts?",
        }),
      ],
      report: (bpf, report) => print(bpf, report, values),
    };
  },
});

export default wakeuptime;

if (import.meta.main) await main(wakeuptime);
