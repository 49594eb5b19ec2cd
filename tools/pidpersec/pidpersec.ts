/**
 * pidpersec: count new processes and threads, per second.
 *
 * USAGE: pidpersec [-d SECONDS] [--json] [interval] [count]
 *
 *     # pidpersec
 *     Tracing... Ctrl-C to end.
 *     08:23:13: PIDs/sec: 0
 *     08:23:14: PIDs/sec: 127
 *
 * Each process and thread that is made counts once, also those of which nobody hears because they end at
 * once. The last line is for the time since the one before.
 *
 * Hooks: raw tracepoint sched_process_fork. Filters by container are for those who make them.
 *
 * Overhead: an addition for each.
 */

import { kernel, rawTracepoint } from "../../kernel.ts";
import { u64 } from "../../mod.ts";
import { taskFilter } from "../../toolkit/kernel/task/filter.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  containerOptions,
  filterSettings,
  intervalArgumentsEvery,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { recordShape } from "../../toolkit/records/record_shape.ts";

const code = kernel({ use: [taskFilter], globals: { made: u64 } }, {
  forked: rawTracepoint("sched_process_fork", (_, outside) => {
    if (outside.isWanted()) outside.made += 1n;
  }),
});

const INTERVAL_SECONDS = 1;

const options = {
  ...intervalArgumentsEvery(INTERVAL_SECONDS, "seconds between lines"),
  ...containerOptions,
  ...standardOptions,
} as const;

const pidpersec = defineTool({
  name: "pidpersec",
  summary: "Count new processes and threads, per second.",
  examples: [
    ["pidpersec", "count until Ctrl-C, each second"],
    ["pidpersec 5 10", "the rate in 5 seconds, 10 times"],
  ],
  object: code,
  options,
  sample: ["1"],
  plan(values) {
    const { interval = INTERVAL_SECONDS, count } = values;
    let told = 0;
    return {
      intro: "Tracing... Ctrl-C to end.",
      interval,
      count,
      load: filterSettings(values, { own_pid: 0 }), // counts the tool's own threads as well
      records: [recordShape("pids", { count: "count", seconds: "number" })],
      report(bpf, report) {
        const made = bpf.global("made", u64.asNumber).value;
        const { seconds } = report;
        const rate = Math.round((made - told) / seconds);
        report.line(`${report.clock}: PIDs/sec: ${rate}`);
        report.record("pids", { count: made - told, seconds });
        told = made;
      },
    };
  },
});

export default pidpersec;

if (import.meta.main) await main(pidpersec);
