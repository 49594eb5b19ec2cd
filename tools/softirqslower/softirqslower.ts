/**
 * softirqslower: trace soft interrupts that wait long before they run, or run long.
 *
 * USAGE: softirqslower [-c CPU] [-d SECONDS] [-b PAGES] [--json] [min_us]
 *
 *     # softirqslower 20
 *     Tracing softirq latency higher than 20 us... Hit Ctrl-C to end.
 *     08:19:27 irq(hard) to softirq: timer took 23 us (0 ms), on CPU:0, comm:deno
 *     08:19:27 irq(hard) to softirq: sched took 20 us (0 ms), on CPU:1, comm:qemu-system-x86
 *     08:19:27 softirq runtime: timer took 26 us (0 ms), on CPU:0, comm:deno
 *
 * "irq(hard) to softirq" is the time from when one was raised, mostly by a hard interrupt, until it ran;
 * "softirq runtime" that for which it ran. The process is the one that was interrupted.
 *
 * Hooks: raw tracepoints softirq_raise, softirq_entry and softirq_exit. Interrupts belong to no process,
 * so there are no filters by process or container.
 *
 * Overhead: a look-up and a time for each of the three.
 */

import { struct, u32, u64 } from "../../mod.ts";
import type { Infer } from "../../mod.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { argument, number } from "../../toolkit/options/options.ts";
import { eventOptions } from "../../toolkit/options/standard_options.ts";
import { cpuOption } from "../../toolkit/options/cpu_option.ts";
import { targetCpu } from "../../toolkit/irq/irq_report.ts";
import { softirqName } from "../../toolkit/irq/softirq_name.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./softirqslower.bpf.o.ts";

const LEAST_US = 10_000;
const NS_PER_US = 1000;
const US_PER_MS = 1000;
/** Indexed by the numbers of softirqslower.bpf.c. */
const STAGES = ["irq(hard) to softirq", "softirq runtime"];

const options = {
  cpu: cpuOption,
  least: argument(number({
    long: "min_us",
    meta: "min_us",
    help: `minimum softirq latency to trace, in us (default ${LEAST_US})`,
    what: "a time in microseconds",
    min: 0,
    max: 1e12,
  })),
  ...eventOptions,
} as const;

const Event = struct("event", {
  who: Who,
  time: u64.asNumber,
  stage: u32,
  vector: u32,
  cpu: u32,
  unused: u32,
});
type Event = Infer<typeof Event>;

const clock = clockColumn<Event>();

/** The line that bcc's tool prints. */
const sentence: Column<Event> = {
  head: "",
  value(event) {
    const us = Math.floor(event.time / NS_PER_US);
    return `${clock.text!(event)} ${STAGES[event.stage]}: ${softirqName(event.vector)} took ` +
      `${us} us (${Math.floor(us / US_PER_MS)} ms), on CPU:${event.cpu}, comm:${event.who.comm}`;
  },
};

const members: readonly Column<Event>[] = [
  clock,
  { head: "STAGE", value: ({ stage }) => STAGES[stage]! },
  { head: "SOFTIRQ", value: ({ vector }) => softirqName(vector) },
  { head: "LATENCY_US", value: ({ time }) => time / NS_PER_US },
  { head: "CPU", value: ({ cpu }) => cpu },
  { head: "PID", value: ({ who }) => who.pid },
  { head: "COMM", value: ({ who }) => who.comm },
];

const softirqslower = defineTool({
  name: "softirqslower",
  summary: "Trace soft interrupts that wait long before they run, or run long.",
  examples: [
    ["softirqslower", `trace soft interrupts of ${LEAST_US} us and more`],
    ["softirqslower 100", "trace soft interrupts of 100 us and more"],
    ["softirqslower -c 1", "those on CPU 1 only"],
  ],
  object,
  options,
  plan({ cpu, least = LEAST_US, json }) {
    return eventPlan(Event, {
      intro: `Tracing softirq latency higher than ${least} us... Hit Ctrl-C to end.`,
      heading: false,
      load: {
        globals: {
          target_cpu: targetCpu(cpu),
          least_ns: BigInt(least * NS_PER_US),
        },
      },
      columns: json ? members : [sentence],
    });
  },
});

export default softirqslower;

if (import.meta.main) await main(softirqslower);
