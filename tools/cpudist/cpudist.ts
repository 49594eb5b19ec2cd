/**
 * cpudist: summarize on- and off-CPU time per task as a histogram.
 *
 * USAGE: cpudist [-O] [-T] [-m] [-P] [-L] [-p PID] [-I] [-e] [-d SECONDS] [--json]
 *                [interval] [count]
 *
 *     # cpudist -e
 *     Tracing on-CPU time... Hit Ctrl-C to end.
 *     ^C
 *          usecs               : count     distribution
 *              0 -> 1          : 6        |                                        |
 *              2 -> 3          : 81       |****                                    |
 *              4 -> 7          : 253      |*************                           |
 *              8 -> 15         : 261      |**************                          |
 *             16 -> 31         : 736      |****************************************|
 *
 *     avg = 19 usecs, total: 25865 usecs, count: 1337
 *
 * Hooks: raw tracepoint sched_switch, with the kernel's types (Linux >= 5.12). Time is
 * told when it ends: a thread that runs, or sleeps, through a whole interval is not in its report.
 *
 * Overhead: about 0.4 µs per context switch.
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
import object from "./cpudist.bpf.o.ts";

const options = {
  offCpu: flag({ short: "O", long: "offcpu", help: "measure off-CPU time" }),
  ...distributionOptions,
  pid: filterOptions.pid,
  includeIdle: flag({ short: "I", long: "include-idle", help: "include CPU idle time" }),
  extension: flag({
    short: "e",
    long: "extension",
    help: "show extension summary (average/total/count)",
  }),
  ...intervalArguments,
  ...containerOptions,
  ...standardOptions,
} as const;

const cpudist = defineTool({
  name: "cpudist",
  summary: "Summarize on- and off-CPU time per task as a histogram.",
  examples: [
    ["cpudist", "summarize on-CPU time as a histogram"],
    ["cpudist -O", "summarize off-CPU time as a histogram"],
    ["cpudist 1 10", "print 1 second summaries, 10 times"],
    ["cpudist -mT 1", "1s summaries, milliseconds, and timestamps"],
    ["cpudist -P", "show each PID separately"],
    ["cpudist -p 185", "trace PID 185 only"],
    ["cpudist -I", "include CPU idle time"],
    ["cpudist -e", "show extension summary (average/total/count)"],
  ],
  object,
  options,
  plan(values, machine) {
    const { offCpu, includeIdle } = values;
    const globals = { with_idle: includeIdle };
    const plan = distributionPlan("cpudist", values, { globals, names: machine });
    return {
      ...plan,
      intro: `Tracing ${offCpu ? "off" : "on"}-CPU time... Hit Ctrl-C to end.`,
      load: {
        ...plan.load,
        programs: { ...plan.load.programs, switch_on: !offCpu, switch_off: offCpu },
      },
    };
  },
});

export default cpudist;

if (import.meta.main) await main(cpudist);
