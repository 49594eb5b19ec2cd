/**
 * biolatpcts: percentiles of the I/O latency of a block device.
 *
 * USAGE: biolatpcts [-i INTERVAL] [-w {from-rq-alloc,after-rq-alloc,on-device}] [-p PCT,...] [-j]
 *                   [-v] [-d SECONDS] DEV
 *
 *     # biolatpcts /dev/loop0
 *
 *     loop0       1     5    10    16    25    50    75    84    90    95    99   100
 *     read     35us  35us  35us  35us  35us  55us 2.5ms 3.5ms 4.5ms 4.5ms 5.5ms 5.5ms
 *     write     5us   5us   5us   5us   5us   5us  45us 375us 2.5ms 3.5ms 4.5ms 5.5ms
 *     discard     -     -     -     -     -     -     -     -     -     -     -     -
 *     flush    14ms  14ms  14ms  14ms  14ms  14ms  14ms  14ms  14ms  14ms  14ms  14ms
 *
 * Times are counted in steps of 10 µs up to 1 ms, of 1 ms up to 100 ms and of 100 ms above, and told by the
 * middle of the step.
 *
 * With -i -1 a report is printed when everything is in place, on SIGUSR1 and SIGUSR2, and at the end.
 * SIGUSR1 begins a new period after the report; SIGUSR2 does not.
 *
 * Hooks: raw tracepoints block_rq_complete and, for -w on-device, block_rq_issue. The other starting
 * times are those that the kernel keeps with a request: the first (alloc_time_ns) only for disks under
 * blk-iocost. Requests belong to no process here, so there are no filters by process or container.
 * Devices on top of others, such as dm and md, have no requests of their own.
 *
 * Overhead: one look-up in a map per request, two and two updates for on-device.
 */

import { type Bpf, u32, u64, UnsupportedError } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { isQueueFirst, targetDevice } from "../../toolkit/block/block.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  argument,
  flag,
  type Option,
  text,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { standardOptions } from "../../toolkit/options/standard_options.ts";
import { defineTool, type ReportSignal } from "../../toolkit/run/tool.ts";
import { latencyText, percentile, SLOTS } from "./percentiles.ts";
import object from "./biolatpcts.bpf.o.ts";
import { recordShape } from "../../toolkit/records/record_shape.ts";

const INTERVAL_SECONDS = 3;
const ENDLESS = -1;
const PERCENTS = "1,5,10,16,25,50,75,84,90,95,99,100";
const US_PER_SECOND = 1e6;
/** Indexed by the numbers of biolatpcts.bpf.c. */
const STARTS = ["on-device", "after-rq-alloc", "from-rq-alloc"];
/** Operations in bcc's order, with their numbers in the kernel (enum req_op). */
const OPERATIONS = { read: 0, write: 1, discard: 3, flush: 2 };
const LABEL_WIDTH = 7;
const LEAST_WIDTH = 5;

const percents: Option<readonly string[]> = {
  short: "p",
  long: "pcts",
  meta: "PCT,...",
  help: `percentiles to calculate (default ${PERCENTS})`,
  initial: PERCENTS.split(","),
  parse(value) {
    const list = value.split(",");
    if (list.every((each) => /^\d+(\.\d+)?$/.test(each) && Number(each) <= 100)) {
      return list.sort((a, b) => Number(a) - Number(b));
    }
    throw new UsageError("expected numbers from 0 to 100, separated by commas: 50,99,99.9");
  },
};

const options = {
  interval: {
    short: "i",
    long: "interval",
    meta: "INTERVAL",
    help: `seconds between reports; 0: end when everything is in place, ${ENDLESS}: report on ` +
      `SIGUSR1 and SIGUSR2 (default ${INTERVAL_SECONDS})`,
    initial: INTERVAL_SECONDS,
    parse(value) {
      if (/^(-1|\d{1,7}(\.\d+)?)$/.test(value)) return Number(value);
      throw new UsageError(`expected seconds, 0 or ${ENDLESS}`);
    },
  } satisfies Option<number> as Option<number>,
  which: {
    short: "w",
    long: "which",
    meta: "WHICH",
    help: `which latency to measure: ${STARTS.toReversed().join(", ")} (default ${STARTS[0]})`,
    initial: 0,
    parse(value) {
      const start = STARTS.indexOf(value);
      if (start >= 0) return start;
      throw new UsageError(`expected one of ${STARTS.join(", ")}`);
    },
  } satisfies Option<number> as Option<number>,
  percents,
  verbose: flag({ short: "v", long: "verbose", help: "show how many requests there were as well" }),
  device: argument(text({
    long: "DEV",
    meta: "DEV",
    help: "the block device: /dev/NAME, NAME or MAJOR:MINOR",
  })),
  ...standardOptions,
  json: { ...standardOptions.json, short: "j" },
} as const;

/** The number and the name of a device. @throws {UsageError} */
function deviceOf(
  device: string | undefined,
  machine: Machine,
): { number: number; name: string } {
  if (device === undefined) throw new UsageError("DEV is missing: biolatpcts /dev/sda");
  const [, major, minor] = /^(\d+):(\d+)$/.exec(device) ?? [];
  if (major === undefined) {
    return { number: targetDevice(device, machine, "DEV"), name: device.replace(/^.*\//, "") };
  }
  if (!machine.exists(`/sys/dev/block/${device}`)) {
    throw new UsageError(`there is no device ${device}`);
  }
  return { number: Number(major) * 2 ** 20 + Number(minor), name: device };
}

/**
 * Returns the function that prints percentiles since the period began. A report ends the period,
 * except one on SIGUSR2.
 */
function reporter(
  { percents, verbose }: Values<typeof options>,
  name: string,
): (bpf: Bpf, report: Report, signal?: ReportSignal) => void {
  let before: number[] = [];
  const cell = (text: string, i: number) =>
    ` ${text.padStart(Math.max(LEAST_WIDTH, percents[i]!.length))}`;
  const row = (label: string, cells: readonly string[]) =>
    label.padEnd(LABEL_WIDTH) + cells.map(cell).join("");

  return (bpf, report, signal) => {
    const now = [...bpf.map("latencies", u32, u64.asNumber)].map(([, count]) => count);
    const since = now.map((count, slot) => count - (before[slot] ?? 0));
    if (signal !== "SIGUSR2") before = now;

    const seconds: Record<string, Record<string, number>> = {};
    const requests: Record<string, number> = {};
    report.line();
    report.line(row(name, percents));
    for (const [operation, number] of Object.entries(OPERATIONS)) {
      const counts = since.slice(number * SLOTS, (number + 1) * SLOTS);
      const times = percents.map((percent) => percentile(counts, Number(percent)));
      report.line(row(operation, times.map(latencyText)));
      seconds[operation] = Object.fromEntries(
        percents.map((percent, i) => [percent, times[i]! / US_PER_SECOND]),
      );
      requests[operation] = counts.reduce((sum, count) => sum + count, 0);
    }
    if (verbose) {
      const counts = Object.entries(requests).map(([operation, n]) => `${n} ${operation}`);
      report.line(`requests: ${counts.join(", ")}`);
    }
    const untimed = bpf.global("untimed", u64.asNumber).value;
    if (untimed > 0) {
      report.line(`${untimed} requests left out so far: the kernel kept no such time of them`);
    }
    report.record("latencies", { ...seconds, requests, untimed });
    reportDropped(bpf, report, "biolatpcts", "requests");
  };
}

const biolatpcts = defineTool({
  name: "biolatpcts",
  summary: "Show percentiles of the I/O latency of a block device.",
  examples: [
    ["biolatpcts /dev/nvme0n1", "percentiles of each 3 seconds"],
    ["biolatpcts -i 1 -p 50,99,99.9 sda", "these percentiles, each second"],
    ["biolatpcts -w after-rq-alloc 8:0", "with the time that requests waited for the disk"],
    ["biolatpcts -i -1 sda", "reports on SIGUSR1 and SIGUSR2"],
  ],
  object,
  options,
  sample: false, // it traces one disk
  plan(values, machine) {
    const { interval, which } = values;
    const { number, name } = deviceOf(values.device, machine);
    if (STARTS[which] === "from-rq-alloc") {
      const { answer } = machine.structHasField("request", "alloc_time_ns");
      if (answer === "no") {
        const lack = "this kernel was built without CONFIG_BLK_RQ_ALLOC_TIME";
        throw new UnsupportedError("measure from-rq-alloc", "alloc_time_ns", lack);
      }
    }
    return {
      interval: interval === ENDLESS ? undefined : interval,
      ...interval === 0 ? { count: 1 } : {},
      signals: ["SIGUSR1", "SIGUSR2"],
      load: {
        globals: {
          target_device: number,
          is_queue_first: isQueueFirst(machine),
          start_kind: which,
        },
        programs: { rq_issue: STARTS[which] === "on-device" },
      },
      records: [
        recordShape("latencies", {
          ...Object.fromEntries(Object.keys(OPERATIONS).map((name) => [name, "figures"] as const)),
          requests: "figures",
          untimed: "number",
        }),
      ],
      report: interval === 0 ? () => {} : reporter(values, name),
    };
  },
});

export default biolatpcts;

if (import.meta.main) await main(biolatpcts);
