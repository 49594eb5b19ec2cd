/**
 * runqlat: run queue (scheduler) latency as a histogram.
 *
 * USAGE: runqlat [-T] [-m] [-P] [--pidnss] [-L] [-p PID] [-d SECONDS] [--json] [interval] [count]
 *
 *     # runqlat
 *     Tracing run queue latency... Hit Ctrl-C to end.
 *     ^C
 *          usecs               : count     distribution
 *              0 -> 1          : 1808     |****************************************|
 *              2 -> 3          : 404      |********                                |
 *              4 -> 7          : 717      |***************                         |
 *
 * Hooks: raw tracepoints sched_wakeup, sched_wakeup_new and sched_switch, with the kernel's types.
 * Needs Linux >= 5.12.
 *
 * Overhead: about 0.5 µs per context switch, and 0.4 µs per wake-up.
 */

import {
  distributionOptions,
  distributionPlan,
} from "../../toolkit/histogram/latency_histogram.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  filterOptions,
  intervalArguments,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./runqlat.bpf.o.ts";

const options = {
  ...distributionOptions,
  pidNamespaces: flag({ long: "pidnss", help: "print a histogram per PID namespace" }),
  pid: filterOptions.pid,
  ...intervalArguments,
  ...containerOptions,
  ...standardOptions,
} as const;

const runqlat = defineTool({
  name: "runqlat",
  summary: "Summarize run queue (scheduler) latency as a histogram.",
  examples: [
    ["runqlat", "summarize run queue latency as a histogram"],
    ["runqlat 1 10", "print 1 second summaries, 10 times"],
    ["runqlat -mT 1", "1s summaries, milliseconds, and timestamps"],
    ["runqlat -P", "show each PID separately"],
    ["runqlat --pidnss", "show each PID namespace separately"],
    ["runqlat -p 185", "trace PID 185 only"],
  ],
  object,
  options,
  plan(values, machine) {
    const isByNamespace = values.pidNamespaces && !values.pids && !values.tids;
    return {
      ...distributionPlan("runqlat", values, {
        globals: { by_namespace: isByNamespace },
        section: isByNamespace ? "pidns" : undefined,
        names: isByNamespace ? undefined : machine,
      }),
      intro: "Tracing run queue latency... Hit Ctrl-C to end.",
    };
  },
});

export default runqlat;

if (import.meta.main) await main(runqlat);
