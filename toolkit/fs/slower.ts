/**
 * Tools that show file system operations slower than a threshold (slower.bpf.c).
 *
 * @module
 */

import { i64, type Infer, struct, textRest, u32, u64 } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import type { Column } from "../output/columns.ts";
import { clockColumn } from "../output/time_columns.ts";
import { argument, flag, number, type Option, type Values } from "../options/options.ts";
import { eventOptions, filterOptions, filterSettings } from "../options/standard_options.ts";
import { type AnyTool, defineTool, type EventPlan } from "../run/tool.ts";
import { commColumn, Who } from "../task/who.ts";
import type { Span } from "../timeline/timeline.ts";
import { type FileSystem, fileSystem, operations } from "./file_systems.ts";
import object from "./slower.bpf.o.ts";

/** The compiled kernel side. */
export const slowerObject: Uint8Array = object;

const MIN_MS = 10;

/** The threshold, as an argument or an option. */
export const minimum: Option<number | undefined> = number({
  short: "m",
  long: "min",
  meta: "MIN",
  help: `minimum duration to trace, in ms (default ${MIN_MS}; 0: all)`,
  what: "a duration in milliseconds",
  min: 0,
  max: 86400000,
  fraction: true,
});

/** Comma-separated values; bcc's tools use different letters for it. */
export const csvOption = (short: string): Option<boolean> =>
  flag({ short, long: "csv", help: "just print fields: comma-separated values" });

/** The event of slower.bpf.c and ext4slower.bpf.c. */
export const SlowerEvent = struct("event", {
  time: u64.asNumber,
  who: Who,
  duration: u64.asNumber,
  offset: i64.asNumber,
  size: i64.asNumber,
  operation: u32,
  name: textRest(),
});
type Event = Infer<typeof SlowerEvent>;

const LETTERS = "RWOSG";
const NAMES: Readonly<Record<string, string>> = {
  R: "read",
  W: "write",
  O: "open",
  S: "fsync",
  G: "getattr",
};
const operation = ({ operation }: Event) => LETTERS[operation] ?? "?";
const microseconds = (ns: number) => Math.floor(ns / 1000);

const columns = (): Column<Event>[] => [
  clockColumn(),
  commColumn(14),
  { head: "PID", width: 6, value: ({ who }) => who.pid },
  { head: "T", width: 1, value: operation },
  { head: "BYTES", width: 7, value: ({ size }) => size },
  {
    head: "OFF_KB",
    width: 8,
    value: ({ offset }) => offset / 1024,
    text: ({ offset }) => String(Math.floor(offset / 1024)),
  },
  {
    head: "LAT(ms)",
    key: "lat_ms",
    width: 7,
    align: "right",
    digits: 2,
    value: ({ duration }) => duration / 1e6,
  },
  { head: "FILENAME", value: ({ name }) => name },
];

const csvColumns: Column<Event>[] = [
  { head: "ENDTIME_us", value: ({ time }) => microseconds(time) },
  { head: "TASK", value: ({ who }) => who.comm },
  { head: "PID", value: ({ who }) => who.pid },
  { head: "TYPE", value: operation },
  { head: "BYTES", value: ({ size }) => size },
  { head: "OFFSET_b", value: ({ offset }) => offset },
  { head: "LATENCY_us", value: ({ duration }) => microseconds(duration) },
  { head: "FILE", value: ({ name }) => name },
];

/** The plan of such a tool. @throws {UnsupportedError} where the kernel has no such file system */
export function slowerPlan(
  fs: FileSystem,
  { csv, minMs = MIN_MS, ...filters }: Partial<Values<typeof filterOptions>> & {
    readonly csv: boolean;
    readonly minMs: number | undefined;
  },
  machine: Machine,
): EventPlan<Event> {
  const { globals, programs } = operations(fs, machine);
  return {
    load: {
      ...filterSettings(filters, { ...globals, min_us: minimumUs(minMs) }),
      programs,
    },
    ...slowerRows(fs, csv, minMs),
  };
}

/** The threshold in the kernel side's unit. */
export const minimumUs = (ms: number = MIN_MS): bigint => BigInt(Math.round(ms * 1000));

/** The part of the plan about rows. */
export function slowerRows({ title }: FileSystem, csv: boolean, minMs: number = MIN_MS) {
  const slower = minMs === 0 ? "" : ` slower than ${minMs} ms`;
  return {
    event: SlowerEvent,
    csv,
    ...csv ? {} : { intro: `Tracing ${title} operations${slower}` },
    columns: csv ? csvColumns : columns(),
    span: (event: Event): Span => {
      const { time, duration } = event;
      return { start: time - duration, duration, name: NAMES[operation(event)] };
    },
  };
}

/**
 * A tool for one file system.
 *
 * @param type its type
 * @param letter of the option for comma-separated values
 */
export function slowerTool(name: string, type: string, letter = "j"): AnyTool {
  const fs = fileSystem(type);
  const options = {
    csv: csvOption(letter),
    ...filterOptions,
    minMs: argument({ ...minimum, long: "min_ms", meta: "min_ms" }),
    ...eventOptions,
  } as const;
  return defineTool({
    name,
    summary: `Trace ${fs.title} reads, writes, opens and syncs that are slower than a threshold.`,
    examples: [
      [name, `trace operations slower than ${MIN_MS} ms (default)`],
      [`${name} 1`, "trace operations slower than 1 ms"],
      [`${name} -${letter} 1`, "the same as comma-separated values"],
      [`${name} 0`, "trace all operations (warning: verbose)"],
      [`${name} -p 185`, "trace process 185 only"],
    ],
    object,
    options,
    sample: false, // the file system may not be there
    plan: (values, machine) => slowerPlan(fs, values, machine),
  });
}
