/**
 * criticalstat: trace long critical sections of the kernel, in which interrupts or preemption are off.
 *
 * USAGE: criticalstat [-p | -i] [-d DURATION] [--trace-seconds SECONDS] [-b PAGES] [--json]
 *
 *     # criticalstat -p -d 300
 *     Finding critical section with preempt disabled for > 300us
 *     ===================================
 *     TASK: bash (pid 182)
 *     Total Time: 904.430us
 *
 *     Section start: section -> wr
 *     Section end:   section -> wr
 *       section
 *       wr
 *       proc_reg_write
 *       vfs_write
 *       ksys_write
 *       do_syscall_64
 *       entry_SYSCALL_64_after_hwframe
 *     ===================================
 *
 * Such sections delay interrupts and threads of real-time. An idle CPU, which waits with its interrupts
 * off, is left out.
 *
 * No kernel of the tests has the tracepoints: none that Debian builds for amd64 has them (6.1, 6.12, 7.2 and
 * 7.3, with those for the cloud and for real time). Tests run its programs by hand. It was seen at work on
 * Linux 6.1 with a module that has tracepoints of these names and keeps interrupts off, or preemption, for a
 * known time: each such section was told, with its stack. Real sections of a kernel were not seen.
 *
 * Hooks: raw tracepoints irq_disable and irq_enable, with -p preempt_disable and preempt_enable, and
 * cpu_idle. They are there where the kernel was built with CONFIG_PREEMPTIRQ_TRACEPOINTS, which the
 * tracers irqsoff and preemptoff bring; most distributions leave them out, and it is refused there.
 */

import { type Bpf, type Infer, struct, u64, UnsupportedError } from "../../mod.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, number, UsageError } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { frameName, KeptStacks, missedStack } from "../../toolkit/stacks/kept_stacks.ts";
import { KernelNames } from "../../toolkit/stacks/kernel_names.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { formatSymbol } from "../../mod.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./criticalstat.bpf.o.ts";

const LEAST_US = 100;
const LINE = "=".repeat(35);

const options = {
  preemption: flag({
    short: "p",
    long: "preemptoff",
    help: "find long sections where preemption was off",
  }),
  interrupts: flag({
    short: "i",
    long: "irqoff",
    help: "find long sections where IRQ was off (the default)",
  }),
  least: number({
    short: "d",
    long: "duration",
    meta: "DURATION",
    help: `duration in microseconds below which sections are left out (default ${LEAST_US})`,
    what: "a time in microseconds",
    min: 1,
    max: 1e9,
  }),
  ...containerOptions,
  ...eventOptions,
  duration: number({
    long: "trace-seconds",
    meta: "SECONDS",
    help: "total duration of trace in seconds",
    what: "a duration in seconds",
    min: 0.001,
    max: 2147483,
    fraction: true,
  }),
} as const;

const Event = struct("event", {
  who: Who,
  time: u64.asNumber,
  stack: u64,
  begin: u64,
  begin_caller: u64,
  end: u64,
  end_caller: u64,
});
type Event = Infer<typeof Event>;

/** Symbolizes the addresses and stacks of events. */
class Sections implements Disposable {
  readonly #names = new KernelNames();
  #stacks: KeptStacks | undefined;

  open(bpf: Bpf): void {
    this.#stacks = new KeptStacks(bpf);
  }

  /** FUNCTION -> CALLER: `__schedule -> schedule`. */
  place(address: bigint, caller: bigint): string {
    return [address, caller].map((one) => formatSymbol(this.#names.resolve(one), one)).join(" -> ");
  }

  stack({ stack }: Event): string[] {
    return this.#stacks!.kernel(stack)?.map(frameName) ?? [missedStack("Kernel")];
  }

  [Symbol.dispose](): void {}
}

const criticalstat = defineTool({
  name: "criticalstat",
  summary: "Trace long critical sections of the kernel.",
  examples: [
    ["criticalstat", "sections in which interrupts are off for more than 100us"],
    ["criticalstat -p", "in which preemption is off"],
    ["criticalstat -i -d 500", "in which interrupts are off for more than 500us"],
  ],
  object,
  options,
  sample: [],
  plan(values, machine) {
    const { preemption, interrupts, least = LEAST_US, json } = values;
    if (preemption && interrupts) throw new UsageError("use either -p/--preemptoff or -i/--irqoff");
    const name = preemption ? "preempt" : "irq";
    const hooks = [`preemptirq:${name}_disable`, `preemptirq:${name}_enable`];
    if (hooks.some((hook) => machine.hasHook(`tracepoint:${hook}`).answer === "no")) {
      throw new UnsupportedError(
        "trace critical sections",
        `tracepoint ${hooks[0]}`,
        `this kernel has no tracepoints ${hooks.join(" and ")}: it was built without ` +
          "CONFIG_PREEMPTIRQ_TRACEPOINTS",
      );
    }
    const sections = new Sections();
    const what = preemption ? "preempt" : "IRQ";
    return eventPlan(Event, {
      intro: `Finding critical section with ${what} disabled for > ${least}us`,
      heading: false,
      load: {
        ...filterSettings(values, { least_ns: BigInt(least) * 1000n }),
        programs: {
          irqs_off: !preemption,
          irqs_on: !preemption,
          preemption_off: preemption,
          preemption_on: preemption,
        },
      },
      prepare(bpf) {
        sections.open(bpf);
        return sections;
      },
      columns: json
        ? [
          { head: "PID", value: ({ who }: Event) => who.pid },
          { head: "COMM", value: ({ who }: Event) => who.comm },
          { head: "time_ns", value: ({ time }: Event) => time },
          {
            head: "begin",
            value: (event: Event) => sections.place(event.begin, event.begin_caller),
          },
          { head: "end", value: (event: Event) => sections.place(event.end, event.end_caller) },
          { head: "stack", member: "texts", value: (event: Event) => sections.stack(event) },
        ]
        : [{ head: "", value: () => LINE }],
      below: (event: Event) => [
        `TASK: ${event.who.comm} (pid ${event.who.pid})`,
        `Total Time: ${(event.time / 1000).toFixed(3)}us`,
        "",
        `Section start: ${sections.place(event.begin, event.begin_caller)}`,
        `Section end:   ${sections.place(event.end, event.end_caller)}`,
        ...sections.stack(event).map((frame) => `  ${frame}`),
        LINE,
      ],
    });
  },
});

export default criticalstat;

if (import.meta.main) await main(criticalstat);
