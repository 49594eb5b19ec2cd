/**
 * cpuunclaimed: sample the queues of CPUs, and tell how much of them was idle while threads waited.
 *
 * USAGE: cpuunclaimed [-j | -J] [-T] [-d SECONDS] [--json] [interval] [count]
 *
 *     # cpuunclaimed
 *     Sampling run queues... Output every 1 seconds. Hit Ctrl-C to end.
 *     %CPU  60.43%, unclaimed idle 0.46%
 *     %CPU  60.37%, unclaimed idle 0.98%
 *
 * An idle CPU is unclaimed where another CPU has more to run than one thread: pinning, or a scheduler that
 * is slow to balance. All CPUs are sampled 99 times a second; samples of one period are compared, although
 * the clocks of the CPUs tick at different moments of it, so that short imbalances are seen as larger or
 * smaller than they are. -j prints the samples as comma-separated values, -J with the moments.
 *
 * Hooks: a software clock on each CPU (perf event cpu-clock). There are no filters by process or container.
 */

import { cpu, kernel, ktime, perfEvent, ringBuffer } from "../../kernel.ts";
import { runQueueLength } from "../../toolkit/kernel/sched/run_queue_length.ts";
import { type Bpf, type EventStream, type Infer, struct, u32, u64 } from "../../mod.ts";
import { main } from "../../toolkit/run/main.ts";
import { tellDropped } from "../../toolkit/run/losses.ts";
import { flag, UsageError, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { intervalArgumentsEvery, standardOptions } from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { type Group, groupsOf, type Sample, usageOf } from "./sample_groups.ts";
import { recordShape } from "../../toolkit/records/record_shape.ts";

const HERTZ = 99; // not 100, to avoid sampling in step with timers of that rate
const INTERVAL_SECONDS = 1;
const CSV_SECONDS = 0.2;
/** Room for about 174,000 samples of 24 bytes between two reports: 1,765 CPU seconds at 99 Hz. */
const RING_BYTES = 1 << 22;

const options = {
  csv: flag({
    short: "j",
    long: "csv",
    help: "print sample summaries (verbose) as comma-separated values",
  }),
  fullCsv: flag({
    short: "J",
    long: "fullcsv",
    help: "print sample summaries with extra fields: CPU sample offsets",
  }),
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  ...intervalArgumentsEvery(INTERVAL_SECONDS, "output interval, in seconds"),
  ...standardOptions,
} as const;
type Settings = Values<typeof options>;

/** `threads` are those on the CPU's run queue, including the running one. */
const SampleCodec = struct("sample", { time: u64.asNumber, cpu: u32, threads: u32 });

const code = kernel({ use: [runQueueLength], maps: { samples: ringBuffer(SampleCodec) } }, {
  // Attached to a clock event on each CPU.
  sample: perfEvent(undefined, (_, { samples, runnableThreads }) => {
    samples.emit({ time: Number(ktime()), cpu: cpu(), threads: runnableThreads() });
  }),
});

/** Reads the samples from the ring buffer. */
class Samples implements Disposable {
  readonly #stream: EventStream<Infer<typeof SampleCodec>>;

  constructor(bpf: Bpf) {
    this.#stream = bpf.events("samples", SampleCodec);
  }

  get dropped(): number {
    return this.#stream.dropped ?? 0;
  }

  /** The samples since the last call. */
  take(): Sample[] {
    const taken: Sample[] = [];
    this.#stream.drain((sample) => taken.push({ ...sample }));
    return taken;
  }

  [Symbol.dispose](): void {
    this.#stream.close();
  }
}

function csvHead({ fullCsv, timestamp }: Settings, cpus: readonly number[]): string {
  const names = (prefix: string) => cpus.map((cpu) => prefix + cpu);
  return [
    ...timestamp ? ["TIME"] : [],
    "TIMESTAMP_ns",
    ...names("CPU"),
    ...fullCsv ? names("OFFSET_ns_CPU") : [],
  ].join(",");
}

function printGroups(report: Report, groups: readonly Group[], values: Settings): void {
  for (const { time, threads, offsets } of groups) {
    const clock = values.timestamp ? [report.clock] : [];
    report.line([...clock, time, ...threads, ...values.fullCsv ? offsets : []].join(","));
    report.record("sample", { ns: time, threads, offsets });
  }
}

const cpuunclaimed = defineTool({
  name: "cpuunclaimed",
  summary: "Sample the queues of CPUs, and tell how much of them was idle while threads waited.",
  examples: [
    ["cpuunclaimed", "sample and calculate unclaimed idle CPUs, each second"],
    ["cpuunclaimed 5 10", "print 5 second summaries, 10 times"],
    ["cpuunclaimed -T 1", "1s summaries and timestamps"],
    ["cpuunclaimed -j", "raw dump of all samples (verbose), CSV"],
  ],
  object: code,
  options,
  sample: ["1"],
  plan(values, machine) {
    const isCsv = values.csv || values.fullCsv;
    if (isCsv && values.interval !== undefined) {
      throw new UsageError("use either an interval, or -j/--csv or -J/--fullcsv");
    }
    const seconds = values.interval ?? (isCsv ? CSV_SECONDS : INTERVAL_SECONDS);
    const cpus = machine.onlineCpus();
    let samples: Samples;
    return {
      intro: isCsv
        ? csvHead(values, cpus)
        : `Sampling run queues... Output every ${seconds} seconds. Hit Ctrl-C to end.`,
      interval: seconds,
      count: values.count,
      load: { maps: { samples: { maxEntries: RING_BYTES } } },
      prepare: (bpf) => samples = new Samples(bpf),
      attach(bpf) {
        const where = { event: "cpu-clock", frequency: HERTZ } as const;
        return Promise.resolve([bpf.program("sample").attachPerfEvent(where)]);
      },
      records: [
        isCsv
          ? recordShape("sample", { ns: "number", threads: "numbers", offsets: "numbers" })
          : recordShape("usage", { samples: "count", used: "number", unclaimed: "number" }),
      ],
      report(_, report) {
        const groups = groupsOf(samples.take(), cpus);
        if (isCsv) printGroups(report, groups, values);
        else {
          const { groups: count, used, unclaimed } = usageOf(groups);
          const percent = (part: number) => (100 * part).toFixed(2);
          report.line(
            (values.timestamp ? `${report.clock} ` : "") +
              `%CPU ${percent(used).padStart(6)}%, unclaimed idle ${percent(unclaimed)}%`,
          );
          report.record("usage", { samples: count, used, unclaimed });
        }
        tellDropped(report, "cpuunclaimed", "samples", samples.dropped, {
          reason: "the ring buffer was full: choose a shorter interval",
        });
      },
    };
  },
});

export default cpuunclaimed;

if (import.meta.main) await main(cpuunclaimed);
