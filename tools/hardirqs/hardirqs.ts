/**
 * hardirqs: summarize the time that handlers of hard interrupts take.
 *
 * USAGE: hardirqs [-T] [-N] [-C] [-d] [-c CPU] [--duration SECONDS] [--json] [interval] [count]
 *
 *     # hardirqs
 *     Tracing hard irq event time... Hit Ctrl-C to end.
 *     ^C
 *     HARDIRQ                    TOTAL_usecs
 *     virtio3-tx                           4
 *     virtio1-req.0                       13
 *
 * Interrupts are shown by the name of the device or driver that handles them, as in /proc/interrupts.
 * Those of the CPU itself, such as its timer, have no handler there and are not seen.
 *
 * Hooks: raw tracepoints irq_handler_entry and irq_handler_exit.
 * Interrupts belong to no process, so there are no filters by process or container.
 *
 * Overhead: a look-up and an update of a map for each.
 */

import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import { irqOptions, irqPlan } from "../../toolkit/irq/irq_report.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./hardirqs.bpf.o.ts";

const options = {
  ...irqOptions,
  counts: flag({ short: "C", long: "count", help: "show event counts instead of timing" }),
} as const;

const hardirqs = defineTool({
  name: "hardirqs",
  summary: "Summarize the time that handlers of hard interrupts take.",
  examples: [
    ["hardirqs", "sum the time of hard interrupts"],
    ["hardirqs -C", "count them"],
    ["hardirqs -d", "show their time as histograms"],
    ["hardirqs 1 10", "print 1 second summaries, 10 times"],
    ["hardirqs -NT 1", "1s summaries, nanoseconds, and timestamps"],
    ["hardirqs -c 1", "those on CPU 1 only"],
  ],
  object,
  options,
  plan: (values) =>
    irqPlan({ name: "hardirqs", kind: "hard", width: 26, countOption: "-C/--count" }, values),
});

export default hardirqs;

if (import.meta.main) await main(hardirqs);
