/**
 * bindsnoop: trace bind() of IPv4 and IPv6 sockets, with the options that matter to it.
 *
 * USAGE: bindsnoop [-t] [-w] [-p PID] [-P PORT,PORT] [-E] [-U] [-u UID] [--count] [-4 | -6]
 *                  [--netns INODE] [--print-netns] [-d SECONDS] [-b PAGES] [--cgroup PATH]
 *                  [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [--container] [--json]
 *
 *     # bindsnoop -E
 *     Tracing binds ... Hit Ctrl-C to end
 *      RC      PID COMM         PROT ADDR            PORT   OPTS IF
 *       0     8751 python3      TCP  0.0.0.0          8080 ...R.  0
 *       0     8751 python3      TCP  ::1              8081 ...Rr  0
 *       0     8751 python3      UDP  127.0.0.1        8053 F....  0
 *     -98     8751 python3      TCP  0.0.0.0          8080 ...R.  0
 *
 * OPTS are the socket's options before the call: F IP_FREEBIND, T IP_TRANSPARENT,
 * N IP_BIND_ADDRESS_NO_PORT, R SO_REUSEADDR, r SO_REUSEPORT. IF is the index of the interface that
 * SO_BINDTODEVICE named. The port of a bind to port 0 is the one that the kernel chose. Of a call that
 * failed (-E) address and port are those that it asked for; RC is -errno, with -w by name.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_bind. Not seen: sockets of other families (unix
 * sockets have paths and no ports), binds by the kernel itself and by io_uring, ports that connect() and
 * listen() choose, calls of 32 bit programs on a 64 bit kernel.
 */

import { type Bpf, errnoName, i32, type Infer, ipv6, struct, u16, u32, u64 } from "../../mod.ts";
import {
  address,
  familyOptions,
  Flow,
  flowSettings,
  ports,
  protocolName,
} from "../../toolkit/net/flow.ts";
import { netnsColumn, netnsOptions, netnsSettings } from "../../toolkit/net/netns.ts";
import { flag, type Values } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import type { Column, Columns } from "../../toolkit/output/columns.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import object from "./bindsnoop.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const options = {
  timestamp: flag({ short: "t", long: "timestamp", help: "include timestamp on output" }),
  wide: flag({ short: "w", long: "wide", help: "wide column output (fits IPv6 addresses)" }),
  pid: filterOptions.pid,
  port: ports({ short: "P", long: "port", meta: "PORT,PORT", help: "trace these ports only" }),
  errors: flag({ short: "E", long: "errors", help: "include calls that failed" }),
  printUid: flag({ short: "U", long: "print-uid", help: "include UID on output" }),
  uid: filterOptions.uid,
  count: flag({ long: "count", help: "count binds per address and port" }),
  ...familyOptions,
  ...netnsOptions,
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  flow: Flow,
  netns: u32,
  interface: u32,
  options: u32,
  ret: i32,
  protocol: u32,
  unused: u32,
});
type Event = Infer<typeof Event>;

const LETTERS = "FTNRr"; // one for each bit, from the lowest

const optionsText = (bits: number): string =>
  Array.from(LETTERS, (letter, bit) => bits >> bit & 1 ? letter : ".").join("");

function columns(values: Values<typeof options>): Columns<Event> {
  const { wide, json } = values;
  return [
    values.timestamp && secondsColumn<Event>({ width: 9, digits: 6 }),
    (values.printUid || json) &&
    { head: "UID", width: 6, align: "right", value: ({ who }) => who.uid },
    (values.errors || json) && {
      head: "RC",
      ...wide ? { width: 15 } : { width: 3, align: "right" as const },
      value: ({ ret }) => ret,
      text: ({ ret }) => wide && ret ? errnoName(-ret) : String(ret),
    },
    { head: "PID", width: wide ? 10 : 8, align: "right", value: ({ who }) => who.pid },
    commColumn(12),
    { head: "PROT", width: 4, value: ({ protocol }) => protocolName(protocol) },
    { head: "ADDR", width: wide ? 39 : 15, value: ({ flow }) => address(flow, "local") },
    {
      head: "PORT",
      width: 5,
      value: ({ flow }) => flow.local_port,
      text: ({ flow }) => String(flow.local_port).padStart(5),
    },
    { head: "OPTS", width: 5, align: "right", value: (event) => optionsText(event.options) },
    { head: "IF", width: 2, align: "right", value: (event) => event.interface },
    (values.printNetns || json) && netnsColumn<Event>(),
  ];
}

const Address = struct("address", { bytes: ipv6, netns: u32, family: u16, port: u16 });
type Count = Infer<typeof Address> & { readonly binds: number };

const countColumns = (printNetns: boolean): Column<Count>[] => [
  {
    head: "LADDR",
    width: 32,
    value: ({ bytes, family }) => address({ family, local: bytes, remote: bytes }, "local"),
  },
  { head: "LPORT", width: 20, align: "right", value: ({ port }) => port },
  ...printNetns ? [netnsColumn<Count>()] : [],
  {
    head: "    BINDS",
    key: "binds",
    value: ({ binds }) => binds,
    text: ({ binds }) => `    ${binds}`,
  },
];

/** Prints counts by address: IPv4 first, then the largest count first. */
const reportCounts = (printNetns: boolean) => (bpf: Bpf, report: Report) => {
  const counts = Array.from(
    bpf.map("counts", Address, u64.asNumber),
    ([key, binds]): Count => ({ ...key, binds }),
  );
  counts.sort((a, b) => a.family - b.family || b.binds - a.binds);
  report.line();
  report.table(countColumns(printNetns || report.json), counts);
  reportDropped(bpf, report, "bindsnoop", "binds");
};

const COUNTS = [rowShape({ laddr: "text", lport: "id", netns: "id", binds: "count" })];

const bindsnoop = defineTool({
  name: "bindsnoop",
  summary: "Trace bind() of IPv4 and IPv6 sockets.",
  examples: [
    ["bindsnoop", "trace all IPv4 and IPv6 bind()s"],
    ["bindsnoop -t", "include timestamps"],
    ["bindsnoop -w", "wider columns (fit IPv6)"],
    ["bindsnoop -p 181", "only trace PID 181"],
    ["bindsnoop -P 80,81", "only trace port 80 and 81"],
    ["bindsnoop -U", "include UID"],
    ["bindsnoop -u 1000", "only trace UID 1000"],
    ["bindsnoop -E", "report bind errors"],
    ["bindsnoop --count", "count binds per address and port"],
  ],
  object,
  options,
  plan(values) {
    const common = {
      intro: "Tracing binds ... Hit Ctrl-C to end",
      load: filterSettings(values, {
        ...flowSettings(values, { local: values.port }),
        ...netnsSettings(values),
        with_errors: values.errors,
        counting: values.count,
      }),
    };
    if (values.count) {
      return {
        ...common,
        interval: undefined,
        records: COUNTS,
        report: reportCounts(values.printNetns),
      };
    }
    return eventPlan(Event, { ...common, columns: columns(values) });
  },
});

export default bindsnoop;

if (import.meta.main) await main(bindsnoop);
