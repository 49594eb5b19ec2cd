/**
 * cpufreq: sample the frequency of CPUs, system-wide and by process.
 *
 * USAGE: cpufreq [-f FREQUENCY] [-c CGROUP] [-v] [-d SECONDS] [--json]
 *
 *     # cpufreq -d 5
 *     Sampling CPU freq system-wide & by process. Ctrl-C to end.
 *
 *          bash          : count     distribution
 *             1200       : 171      |****************************************|
 *
 *          syswide       : count     distribution
 *             1200       : 497      |****************************************|
 *             1400       : 0        |                                        |
 *             1600       : 0        |                                        |
 *             1800       : 0        |                                        |
 *             2000       : 0        |                                        |
 *             2200       : 0        |                                        |
 *             2400       : 0        |                                        |
 *             2600       : 495      |****************************************|
 *
 * Each row is for 200 MHz: 1200 counts samples at 1200 to 1399 MHz. The last histogram is of all samples, those of
 * idle CPUs as well. In JSON it is the one with neither a comm nor idle; that of idle CPUs alone has idle: true.
 *
 * What a frequency is, the kernel's cpufreq driver says: at the start in scaling_cur_freq (libbpf-tools' cpufreq
 * takes its kHz for MHz), then by the tracepoint, whenever it changes. Drivers that leave the choice to the
 * CPU (intel_pstate and amd_pstate in their active modes) tell of no changes: rows then show what there was at
 * the start. Where there is no driver, as in most virtual machines, it says so and ends.
 *
 * No machine of the tests has such a driver. Tested were the sampling, with frequencies of files in the place of
 * the driver's, and the program at the tracepoint, run by hand; that changes of a real CPU are seen was not.
 *
 * Hooks: raw tracepoint cpu_frequency, and the kernel's clock cpu-clock on each CPU.
 */

import {
  type Bpf,
  chars,
  linearBuckets,
  linearLines,
  struct,
  u32,
  u64,
  UnsupportedError,
} from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { number } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { reportDropped, tellDropped } from "../../toolkit/run/losses.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./cpufreq.bpf.o.ts";
import { histogramShape } from "../../toolkit/records/record_shape.ts";

const HERTZ = 99; // not 100, to avoid sampling in step with timers of that rate
const STEP_MHZ = 200;

const options = {
  frequency: number({
    short: "f",
    long: "frequency",
    meta: "FREQUENCY",
    help: `sample with this frequency, in Hertz (default ${HERTZ})`,
    what: "a frequency in Hertz",
    min: 1,
    max: 100000,
  }),
  verbose: programsFlag({ short: "v", long: "verbose" }),
  ...containerOptions,
  cgroup: { ...containerOptions.cgroup, short: "c" },
  ...standardOptions,
} as const;

const Key = struct("key", { slot: u32, is_idle: u32, comm: chars(16) });

const currentFrequency = (cpu: number) =>
  `/sys/devices/system/cpu/cpu${cpu}/cpufreq/scaling_cur_freq`;

/** Fills in the frequencies that the tracepoint has not reported yet. */
function tellFrequencies(bpf: Bpf, cpus: readonly number[], machine: Machine): void {
  const frequencies = bpf.map("frequencies", u32, u32);
  for (const cpu of cpus) {
    const kHz = Number.parseInt(machine.readText(currentFrequency(cpu)), 10);
    // NaN if the driver cannot tell: the file then says "<unknown>".
    if (kHz > 0 && frequencies.get(cpu) === 0) frequencies.set(cpu, kHz);
  }
}

/** Prints a histogram of frequencies for each process name, and one of all samples. */
function print(bpf: Bpf, report: Report): void {
  const all = new Map<number, number>();
  const idle = new Map<number, number>();
  const byName = new Map<string, Map<number, number>>();
  for (const [{ slot, is_idle, comm }, count] of bpf.map("samples", Key, u64.asNumber)) {
    let own = is_idle ? idle : byName.get(comm);
    if (!own) byName.set(comm, own = new Map());
    own.set(slot, count);
    all.set(slot, (all.get(slot) ?? 0) + count);
  }
  const show = (
    title: string,
    counts: ReadonlyMap<number, number>,
    about: Readonly<Record<string, unknown>>,
  ) => {
    if (counts.size === 0) return;
    const shape = { valueType: title, step: STEP_MHZ, stripLeadingZero: true };
    report.line();
    for (const line of linearLines(counts, shape)) report.line(line);
    report.record("histogram", { ...about, value: "mhz", buckets: linearBuckets(counts, shape) });
  };
  for (const [comm, counts] of byName) show(comm, counts, { comm });
  if (report.json) show("idle", idle, { idle: true });
  show("syswide", all, {});
  reportDropped(bpf, report, "cpufreq", "samples");
  tellDropped(report, "cpufreq", "samples", bpf.global("unknown", u64.asNumber).value, {
    reason: "the cpufreq driver has not told the frequency of their CPUs",
  });
}

const cpufreq = defineTool({
  name: "cpufreq",
  summary: "Sample the frequency of CPUs, system-wide and by process.",
  examples: [
    ["cpufreq", `sample CPU frequencies at ${HERTZ} Hertz until Ctrl-C`],
    ["cpufreq -d 5", "for 5 seconds only"],
    ["cpufreq -f 199", "sample at 199 Hertz"],
    ["cpufreq -c /sys/fs/cgroup/system.slice", "only what runs in this cgroup"],
  ],
  object,
  options,
  sample: false, // virtual machines have no driver
  plan(values, machine) {
    const online = machine.onlineCpus();
    const known = online.filter((cpu) => machine.exists(currentFrequency(cpu)));
    if (known.length === 0) {
      throw new UnsupportedError(
        "tell frequencies of CPUs",
        "cpufreq",
        `this machine has no cpufreq driver, as most virtual machines: there is no ${
          currentFrequency(online[0] ?? 0)
        }`,
      );
    }
    const settings = filterSettings(values);
    return {
      intro: "Sampling CPU freq system-wide & by process. Ctrl-C to end.",
      interval: undefined,
      load: {
        ...settings,
        maps: { ...settings.maps, frequencies: { maxEntries: Math.max(...online) + 1 } },
      },
      ...values.verbose && { prepare: showPrograms },
      attach(bpf) {
        const changes = bpf.program("changed").attach();
        tellFrequencies(bpf, known, machine);
        const clock = { event: "cpu-clock", frequency: values.frequency ?? HERTZ } as const;
        return Promise.resolve([changes, bpf.program("sample").attachPerfEvent(clock)]);
      },
      records: [histogramShape({ "comm?": "text", "idle?": "flag" })],
      report: print,
    };
  },
});

export default cpufreq;

if (import.meta.main) await main(cpufreq);
