/**
 * fileslower: trace file reads and writes that are slower than a threshold.
 *
 * USAGE: fileslower [-a] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json] [min_ms]
 *
 *     # fileslower 0
 *     Tracing sync read/writes
 *     TIME(s)  COMM           TID    D BYTES   LAT(ms) FILENAME
 *     0.000    dd             7492   R 832        0.00 libc.so.6
 *     0.003    dd             7492   W 1048576    0.25 image
 *     0.006    dd             7493   R 524288     0.28 image
 *     0.007    dd             7493   W 524288     0.17 copy
 *
 * D is R(ead) or W(rite). BYTES is what the call moved, or below 0 an error's number. What blocks is
 * the disk, a lock, or the machine's scheduler.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_{read,readv,pread64,preadv,preadv2} and those of the write
 * family. Not seen are io_uring, libaio, splice and sendfile, memory mappings, and 32 bit programs on a
 * 64 bit kernel.
 */

import { i64, type Infer, struct, textRest, u32, u64 } from "../../mod.ts";
import { READS, WRITES } from "../../toolkit/fs/file_sums.ts";
import { syscallPrograms } from "../../toolkit/run/choose_hooks.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { argument, flag, number } from "../../toolkit/options/options.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import object from "./fileslower.bpf.o.ts";

const MIN_MS = 10;

const options = {
  ...filterOptions,
  allFiles: flag({
    short: "a",
    long: "all-files",
    help: "include non-regular file types (sockets, FIFOs, etc)",
  }),
  minMs: argument(number({
    long: "min_ms",
    meta: "min_ms",
    help: `minimum I/O duration to trace, in ms (default ${MIN_MS}; 0: all)`,
    what: "a duration in milliseconds",
    min: 0,
    max: 86400000,
    fraction: true,
  })),
  ...eventOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  duration: u64.asNumber,
  bytes: i64.asNumber,
  is_write: u32,
  name: textRest(),
});
type Event = Infer<typeof Event>;

const fileslower = defineTool({
  name: "fileslower",
  summary: "Trace file reads and writes that are slower than a threshold.",
  examples: [
    ["fileslower", `trace sync file I/O slower than ${MIN_MS} ms (default)`],
    ["fileslower 1", "trace sync file I/O slower than 1 ms"],
    ["fileslower -p 185", "trace PID 185 only"],
  ],
  object,
  options,
  plan({ allFiles, minMs = MIN_MS, json, ...filters }, machine) {
    const globals = { all_files: allFiles, min_us: BigInt(Math.round(minMs * 1000)) };
    return eventPlan<Event>(Event, {
      intro: `Tracing sync read/writes${minMs === 0 ? "" : ` slower than ${minMs} ms`}`,
      load: {
        ...filterSettings(filters, globals),
        programs: syscallPrograms([...READS, ...WRITES], machine),
      },
      span: ({ time, duration, is_write }) => ({
        start: time - duration,
        duration,
        name: is_write ? "write" : "read",
      }),
      columns: [
        secondsColumn({ width: 8, digits: 3 }),
        commColumn(14),
        json && { head: "PID", value: ({ who }) => who.pid },
        { head: "TID", width: 6, value: ({ who }) => who.tid },
        { head: "D", width: 1, value: (event) => event.is_write ? "W" : "R" },
        { head: "BYTES", width: 7, value: ({ bytes }) => bytes },
        {
          head: "LAT(ms)",
          key: "lat_ms",
          width: 7,
          align: "right",
          digits: 2,
          value: ({ duration }) => duration / 1e6,
        },
        { head: "FILENAME", value: ({ name }) => name },
      ],
    });
  },
});

export default fileslower;

if (import.meta.main) await main(fileslower);
