/**
 * What tools with a row per TCP session or state change share: options, and columns for the time,
 * the process and both ends.
 *
 * @module
 */

import { flag, UsageError, type Values } from "../options/options.ts";
import type { Column } from "../output/columns.ts";
import { clockColumn, secondsColumn } from "../output/time_columns.ts";
import type { Who } from "../task/who.ts";
import { address, familyOptions, type Flow, ipVersion, ports } from "./flow.ts";

const COMM_WIDTH = 10;
const COMM_WIDE = 16;

/** Options of such tools. */
export const sessionOptions = {
  time: flag({ short: "T", long: "time", help: "include time column on output (HH:MM:SS)" }),
  timestamp: flag({ short: "t", long: "timestamp", help: "include timestamp on output (seconds)" }),
  wide: flag({ short: "w", long: "wide", help: "wide column output (fits IPv6 addresses)" }),
  csv: flag({ short: "s", long: "csv", help: "comma separated values output" }),
  local: ports({
    short: "L",
    long: "localport",
    meta: "PORT,PORT",
    help: "trace these local ports only",
  }),
  remote: ports({
    short: "D",
    long: "remoteport",
    meta: "PORT,PORT",
    help: "trace these remote ports only",
  }),
  ...familyOptions,
} as const;

/** The options that the columns depend on. */
type SessionValues = Pick<Values<typeof sessionOptions>, "time" | "timestamp" | "wide" | "csv"> & {
  readonly json: boolean;
};

/** Refuses contradicting output formats. @throws {UsageError} */
export function checkForms({ csv, json }: SessionValues): void {
  if (csv && json) throw new UsageError("use either -s/--csv or --json, not both");
}

/** Whether all columns are wide. */
const isFull = ({ wide, csv, json }: SessionValues) => wide || csv || json;

/** The time columns that were asked for. */
export const timeColumns = <E extends { readonly time: number }>(
  { time, timestamp }: SessionValues,
): (Column<E> | false)[] => [
  time && clockColumn<E>(),
  timestamp && secondsColumn<E>({ width: 9, digits: 6 }),
];

/** Process and IP version. @param prefix of the headings: `C-PID` */
export function processColumns<E extends { readonly who: Who; readonly flow: Flow }>(
  values: SessionValues,
  prefix = "",
): (Column<E> | false)[] {
  const full = isFull(values);
  const key = (name: string) => `${prefix.replace("-", "_").toLowerCase()}${name}`;
  return [
    { head: `${prefix}PID`, key: key("pid"), width: 5, value: ({ who }) => who.pid },
    {
      head: `${prefix}COMM`,
      key: key("comm"),
      width: values.wide ? COMM_WIDE : COMM_WIDTH,
      value: ({ who }) => full ? who.comm : who.comm.slice(0, COMM_WIDTH),
    },
    full && { head: "IP", width: 2, value: ({ flow }) => ipVersion(flow) },
  ];
}

/** Both ends. @param width of an address */
export const endColumns = <E extends { readonly flow: Flow }>(width: number): Column<E>[] => [
  { head: "LADDR", width, value: ({ flow }) => address(flow, "local") },
  { head: "LPORT", width: 5, value: ({ flow }) => flow.local_port },
  { head: "RADDR", width, value: ({ flow }) => address(flow, "remote") },
  { head: "RPORT", width: 5, value: ({ flow }) => flow.remote_port },
];
