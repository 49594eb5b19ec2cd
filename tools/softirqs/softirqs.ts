/**
 * softirqs: summarize the time that soft interrupts take.
 *
 * USAGE: softirqs [-T] [-N] [-C] [-d] [-c CPU] [--duration SECONDS] [--json] [interval] [count]
 *
 *     # softirqs
 *     Tracing soft irq event time... Hit Ctrl-C to end.
 *     ^C
 *     SOFTIRQ          TOTAL_usecs
 *     timer                    334
 *     rcu                      531
 *     sched                   1631
 *
 * The names are those of /proc/softirqs in lower case. The time is that in which a CPU runs them, with what
 * interrupts them, but not that for which they wait: see softirqslower.
 *
 * Hooks: raw tracepoints softirq_entry and softirq_exit.
 * Interrupts belong to no process, so there are no filters by process or container.
 *
 * Overhead: a look-up and an update of a map for each.
 */

import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import { irqOptions, irqPlan } from "../../toolkit/irq/irq_report.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./softirqs.bpf.o.ts";

const options = {
  ...irqOptions,
  counts: flag({ short: "C", long: "events", help: "show event counts instead of timing" }),
} as const;

const softirqs = defineTool({
  name: "softirqs",
  summary: "Summarize the time that soft interrupts take.",
  examples: [
    ["softirqs", "sum the time of soft interrupts"],
    ["softirqs -C", "count them"],
    ["softirqs -d", "show their time as histograms"],
    ["softirqs 1 10", "print 1 second summaries, 10 times"],
    ["softirqs -NT 1", "1s summaries, nanoseconds, and timestamps"],
    ["softirqs -c 1", "those on CPU 1 only"],
  ],
  object,
  options,
  plan: (values) =>
    irqPlan({ name: "softirqs", kind: "soft", width: 16, countOption: "-C/--events" }, values),
});

export default softirqs;

if (import.meta.main) await main(softirqs);
