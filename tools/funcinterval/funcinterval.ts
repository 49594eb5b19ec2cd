/**
 * funcinterval: summarize how much time lies between one call of a function and the next, as a histogram.
 *
 * USAGE: funcinterval [-p PID] [-i INTERVAL] [-d DURATION] [-T] [-u] [-m] [-v] [-r] [--json] pattern
 *
 *     # funcinterval -m -p 24876 ./functions:naps_3
 *     Tracing 1 functions for "./functions:naps_3"... Hit Ctrl-C to end.
 *     ^C
 *          msecs               : count     distribution
 *              0 -> 1          : 0        |                                        |
 *              2 -> 3          : 2        |****************************************|
 *
 *     Detaching...
 *
 * The time is that from the begin of one call to the begin of the next, by whatever process or thread: of
 * n calls n - 1 times are told. Where a pattern matches several functions, tracepoints or USDT probes, it
 * is the time from one of them to the next, whichever.
 *
 * Hooks: kernel functions by kprobes, user functions and USDT probes by uprobes, tracepoints by perf
 * events, as funccount's page tells. Needs Linux >= 5.15. -v prints what is traced: there is no program
 * text to print.
 */

import { type Bpf, sum, u32, u64 } from "../../mod.ts";
import { CounterDeltas } from "../../toolkit/output/counter_deltas.ts";
import { main } from "../../toolkit/run/main.ts";
import type { Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { filterSettings, standardOptions } from "../../toolkit/options/standard_options.ts";
import { isStopped } from "../../toolkit/probes/pattern_hooks.ts";
import {
  reportTimes,
  targetOptions,
  TargetTrace,
  timeOptions,
  timeUnit,
  verboseOption,
} from "../../toolkit/probes/pattern_trace.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./funcinterval.bpf.o.ts";
import { histogramShape } from "../../toolkit/records/record_shape.ts";

const options = {
  ...targetOptions,
  ...timeOptions,
  verbose: verboseOption,
  ...standardOptions,
} as const;
type Settings = Values<typeof options>;

/** Returns the function that prints the counts since its last call. */
function reporter(values: Settings): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  return (bpf, report) => {
    const counts = [...bpf.perCpuMap("intervals", u32, u64.asNumber)]
      .map(([slot, perCpu]) => [slot, deltas.since(`${slot}`, sum(perCpu))] as const)
      .filter(([, count]) => count > 0);
    report.line();
    if (values.timestamp) report.line(report.clock);
    report.histogram(new Map(counts), { valueType: timeUnit(values).name });
    if (isStopped(bpf)) report.line("Detaching...");
  };
}

const STEMS = ["on"];

const funcinterval = defineTool({
  name: "funcinterval",
  summary: "Summarize the time between calls of a function as a histogram.",
  examples: [
    ["funcinterval do_sys_openat2", "time the interval of do_sys_openat2()"],
    ["funcinterval -u xhci_ring_ep_doorbell", "in microseconds"],
    ["funcinterval -m do_nanosleep", "in milliseconds"],
    ["funcinterval -mTi 5 vfs_read", "output every 5 seconds, with timestamps"],
    ["funcinterval -p 181 vfs_read", "time process 181 only"],
    ["funcinterval t:vmscan:mm_vmscan_direct_reclaim_begin", "time the interval of a tracepoint"],
    ["funcinterval -p 181 -i 3 c:malloc", "the C library's malloc(), every 3 seconds"],
    ["funcinterval /usr/bin/python3:Py_Main", "a function of a program"],
  ],
  object,
  options,
  sample: ["t:sched:sched_process_exec"],
  plan(values, machine) {
    const filters = filterSettings(values);
    const trace = new TargetTrace("funcinterval", values, machine, { debug: values.verbose });
    return {
      get intro() {
        return trace.intro;
      },
      ...reportTimes(values),
      load: {
        ...filters,
        globals: { ...filters.globals, unit_ns: timeUnit(values).ns },
        programs: trace.programs(STEMS),
      },
      attach: (bpf) => trace.attach(bpf, STEMS),
      records: [histogramShape()],
      report: reporter(values),
    };
  },
});

export default funcinterval;

if (import.meta.main) await main(funcinterval);
