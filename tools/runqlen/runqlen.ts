/**
 * runqlen: summarize the length of the queues of threads that wait for a CPU.
 *
 * USAGE: runqlen [-T] [-O] [-C] [-f FREQUENCY] [-d SECONDS] [--json] [interval] [count]
 *
 *     # runqlen
 *     Sampling run queue length... Hit Ctrl-C to end.
 *     ^C
 *          runqlen       : count     distribution
 *             0          : 337      |****************************************|
 *             1          : 82       |*********                               |
 *             2          : 27       |***                                     |
 *             3          : 2        |                                        |
 *
 * A length of 0 means that nobody waits. Occupancy (-O) is the share of samples in which somebody does.
 * Threads of all scheduling classes and cgroups count; bcc's tool counts those in the cgroup of the thread
 * that runs.
 *
 * Hooks: the clock of each CPU (cpu-clock), 99 times a second. Samples belong to no process, so there are
 * no filters by process or container.
 */

import { cpu, hash, kernel, perfEvent } from "../../kernel.ts";
import { runQueueLength } from "../../toolkit/kernel/sched/run_queue_length.ts";
import { type Bpf, histogramSections, struct, sum, u32, u64 } from "../../mod.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, number, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { intervalArguments, standardOptions } from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { histogramShape, recordShape } from "../../toolkit/records/record_shape.ts";

const HERTZ = 99; // not 100, to avoid sampling in step with timers of that rate

const options = {
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  occupancy: flag({ short: "O", long: "runqocc", help: "report run queue occupancy" }),
  cpus: flag({ short: "C", long: "cpus", help: "print output for each CPU separately" }),
  frequency: number({
    short: "f",
    long: "frequency",
    meta: "FREQUENCY",
    help: `samples per second (default ${HERTZ})`,
    what: "a frequency in Hertz",
    min: 1,
    max: 100000,
  }),
  ...intervalArguments,
  ...standardOptions,
} as const;

const Key = struct("key", { cpu: u32, length: u32 });

const code = kernel({
  use: [runQueueLength],
  maps: { lengths: hash(Key, u64, { entries: 65_536, dropped: "dropped" }) }, // since loading
  constants: { by_cpu: false },
}, {
  // Attached to a clock event on each CPU.
  sample: perfEvent(undefined, (_, { lengths, by_cpu, runnableThreads }) => {
    const running = runnableThreads();
    // The running thread is counted too, but does not wait.
    lengths.increment({ cpu: by_cpu ? cpu() : 0, length: running > 0 ? running - 1 : 0 });
  }),
});

/** Returns the function that prints the counts since its last call. */
function reporter(
  { timestamp, occupancy, cpus }: Values<typeof options>,
): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  return (bpf, report) => {
    const lengths = bpf.map("lengths", Key, u64.asNumber);
    const entries = [...deltasOf(lengths, deltas, (count) => ({ count }))]
      .map(([key, { count }]) => [key, count] as const);
    const sections = histogramSections(entries, ({ cpu, length }) => [cpu, length])
      .sort((a, b) => a.section - b.section);
    report.line();
    if (timestamp) report.line(report.clock);
    if (occupancy) {
      for (const { section: cpu, counts } of sections) {
        const all = sum([...counts].map(([, count]) => count));
        const queued = sum([...counts].filter(([length]) => length > 0).map(([, n]) => n));
        const percent = (100 * queued / all).toFixed(2);
        report.line(
          cpus
            ? `runqocc, CPU ${String(cpu).padEnd(3)} ${percent.padStart(6)}%`
            : `runqocc: ${percent}%`,
        );
        report.record("occupancy", { ...cpus ? { cpu } : {}, samples: all, queued });
      }
    } else if (cpus) {
      report.histograms(sections, {
        valueType: "runqlen",
        linear: true,
        sectionHeader: "cpu",
        members: (cpu) => ({ cpu }),
      });
    } else report.histogram(sections[0]?.counts ?? [], { valueType: "runqlen", linear: true });
    reportDropped(bpf, report, "runqlen", "samples");
  };
}

const runqlen = defineTool({
  name: "runqlen",
  summary: "Summarize the length of the queues of threads that wait for a CPU.",
  examples: [
    ["runqlen", "summarize run queue length as a histogram"],
    ["runqlen 1 10", "print 1 second summaries, 10 times"],
    ["runqlen -T 1", "1s summaries and timestamps"],
    ["runqlen -O", "report run queue occupancy"],
    ["runqlen -C", "show each CPU separately"],
    ["runqlen -f 199", "sample 199 times a second"],
  ],
  object: code,
  options,
  plan(values) {
    return {
      intro: "Sampling run queue length... Hit Ctrl-C to end.",
      interval: values.interval,
      count: values.count,
      load: { globals: { by_cpu: values.cpus } },
      attach(bpf) {
        const where = { event: "cpu-clock", frequency: values.frequency ?? HERTZ } as const;
        return Promise.resolve([bpf.program("sample").attachPerfEvent(where)]);
      },
      records: [
        values.occupancy
          ? recordShape("occupancy", {
            ...values.cpus && { cpu: "id" as const },
            samples: "count",
            queued: "count",
          })
          : histogramShape(values.cpus ? { cpu: "id" } : {}),
      ],
      report: reporter(values),
    };
  },
});

export default runqlen;

if (import.meta.main) await main(runqlen);
