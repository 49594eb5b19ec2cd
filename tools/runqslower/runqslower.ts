/**
 * runqslower: trace threads that could run and waited long for a CPU.
 *
 * USAGE: runqslower [-P] [-p PID | -t TID] [-d SECONDS] [-b PAGES] [--json] [min_us]
 *
 *     # runqslower -P 5000
 *     Tracing run queue latency higher than 5000 us
 *     TIME     COMM             TID           LAT(us) PREV COMM        PREV TID
 *     08:19:01 V8 DefaultWorke  9602             9682 qemu-system-x86  9213
 *     08:19:01 deno             9596            13574 qemu-system-x86  9213
 *     08:19:01 deno             9598             5514 virtiofsd        9268
 *
 * LAT(us) is the time from when a thread could run, because it was woken or had to give way to another one,
 * until it ran.
 *
 * Hooks: raw tracepoints sched_wakeup, sched_wakeup_new and sched_switch, with the kernel's types.
 * Needs Linux >= 5.12.
 */

import { chars, struct, u32, u64 } from "../../mod.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { argument, flag, number } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import object from "./runqslower.bpf.o.ts";

const LEAST_US = 10_000;
const NS_PER_US = 1000;

const options = {
  previous: flag({ short: "P", long: "previous", help: "also show previous task name and TID" }),
  pid: filterOptions.pid,
  tid: filterOptions.tid,
  least: argument(number({
    long: "min_us",
    meta: "min_us",
    help: `minimum run queue latency to trace, in us (default ${LEAST_US})`,
    what: "a time in microseconds",
    min: 0,
    max: 1e12,
  })),
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  who: Who,
  time: u64.asNumber,
  previous_tid: u32,
  previous_comm: chars(16),
});

const runqslower = defineTool({
  name: "runqslower",
  summary: "Trace threads that could run and waited long for a CPU.",
  examples: [
    ["runqslower", `trace run queue latency of ${LEAST_US} us and more`],
    ["runqslower 1000", "trace run queue latency of 1000 us and more"],
    ["runqslower -p 123", "trace process 123"],
    ["runqslower -t 123", "trace thread 123"],
    ["runqslower -P", "also show previous task name and TID"],
  ],
  object,
  options,
  plan(values) {
    const { least = LEAST_US, json } = values;
    const previous = values.previous || json;
    return {
      ...eventPlan(Event, {
        load: filterSettings(values, { least_ns: BigInt(least * NS_PER_US) }),
        columns: [
          clockColumn(),
          commColumn(16),
          json && { head: "PID", value: ({ who }) => who.pid },
          { head: "TID", width: 6, value: ({ who }) => who.tid },
          {
            head: "LAT(us)",
            key: "latency_us",
            width: 14,
            align: "right",
            value: ({ time }) => time / NS_PER_US,
            text: ({ time }) => String(Math.floor(time / NS_PER_US)),
          },
          previous &&
          { head: "PREV COMM", key: "previous_comm", width: 16, value: (e) => e.previous_comm },
          previous &&
          { head: "PREV TID", key: "previous_tid", width: 6, value: (e) => e.previous_tid },
        ],
      }),
      intro: `Tracing run queue latency higher than ${least} us`,
    };
  },
});

export default runqslower;

if (import.meta.main) await main(runqslower);
