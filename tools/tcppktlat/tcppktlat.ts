/**
 * tcppktlat: trace how long received TCP packets wait until their process reads them.
 *
 * USAGE: tcppktlat [-T] [-p PID] [-t TID] [-l PORT,PORT] [-r PORT,PORT] [-w] [-v] [-4 | -6]
 *                  [--netns INODE] [--print-netns] [-d SECONDS] [-b PAGES] [--cgroup PATH]
 *                  [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [--container] [--json] [min_us]
 *
 *     # tcppktlat 100
 *     PID     TID     COMM             LADDR           LPORT RADDR           RPORT MS
 *     7353    7353    tcp-server       127.0.0.1       40063 127.0.0.1       46514 0.128
 *     7360    7364    nginx            192.0.2.2       443   198.51.100.7    51022 2.407
 *
 * MS is the time from when the kernel took a packet with data in until the process was given the first
 * bytes of it. Packets that come while an older one still waits count with that one: a read that takes
 * several is one row, with the time of the oldest. A look at the data (MSG_PEEK) does not count as a read.
 *
 * Hooks: raw tracepoints tcp_probe, tcp_rcv_space_adjust and tcp_destroy_sock. Not seen: data that comes
 * with the handshake (TCP fast open), what arrived before tracing began, and MPTCP, whose subflows the
 * kernel reads. The time that a packet waits in the network card and the kernel before TCP is not counted.
 */

import { type Infer, struct, u32, u64 } from "../../mod.ts";
import { address, familyOptions, Flow, flowSettings, ports } from "../../toolkit/net/flow.ts";
import { netnsColumn, netnsOptions, netnsSettings } from "../../toolkit/net/netns.ts";
import { argument, flag, number } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import object from "./tcppktlat.bpf.o.ts";

const NS_PER_US = 1000;
const COMM_WIDTH = 16;

const options = {
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  pid: filterOptions.pid,
  tid: filterOptions.tid,
  local: ports({
    short: "l",
    long: "lport",
    meta: "PORT,PORT",
    help: "trace these local ports only",
  }),
  remote: ports({
    short: "r",
    long: "rport",
    meta: "PORT,PORT",
    help: "trace these remote ports only",
  }),
  wide: flag({ short: "w", long: "wide", help: "wide column output (fits IPv6 addresses)" }),
  verbose: programsFlag({ short: "v", long: "verbose" }),
  ...familyOptions,
  ...netnsOptions,
  least: argument(number({
    long: "min_us",
    meta: "min_us",
    help: "minimum latency to trace, in microseconds",
    what: "a time in microseconds",
    min: 0,
    max: 1e12,
    fraction: true,
  })),
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  flow: Flow,
  duration_ns: u64.asNumber,
  netns: u32,
  unused: u32,
});
type Event = Infer<typeof Event>;

const tcppktlat = defineTool({
  name: "tcppktlat",
  summary: "Trace how long received TCP packets wait until their process reads them.",
  examples: [
    ["tcppktlat", "trace all packets that processes read"],
    ["tcppktlat -T", "include timestamps"],
    ["tcppktlat -p 181", "only trace PID 181"],
    ["tcppktlat -t 181", "only trace thread 181"],
    ["tcppktlat -l 80,443", "only trace local ports 80 and 443"],
    ["tcppktlat -r 80", "only trace remote port 80"],
    ["tcppktlat -w", "wider columns (fit IPv6)"],
    ["tcppktlat 1000", "trace what waits 1 ms and longer"],
  ],
  object,
  options,
  plan(values) {
    const width = values.wide ? 26 : 15;
    return eventPlan(Event, {
      load: filterSettings(values, {
        ...flowSettings(values, values),
        ...netnsSettings(values),
        min_ns: BigInt(Math.round((values.least ?? 0) * NS_PER_US)),
      }),
      ...values.verbose && { prepare: showPrograms },
      columns: [
        values.timestamp && secondsColumn<Event>({ width: 8, digits: 3 }),
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        { head: "TID", width: 7, value: ({ who }) => who.tid },
        commColumn(COMM_WIDTH),
        { head: "LADDR", width, value: ({ flow }) => address(flow, "local") },
        { head: "LPORT", width: 5, value: ({ flow }) => flow.local_port },
        { head: "RADDR", width, value: ({ flow }) => address(flow, "remote") },
        { head: "RPORT", width: 5, value: ({ flow }) => flow.remote_port },
        (values.printNetns || values.json) && netnsColumn<Event>(),
        { head: "MS", digits: 3, value: ({ duration_ns }) => duration_ns / 1e6 },
      ],
    });
  },
});

export default tcppktlat;

if (import.meta.main) await main(tcppktlat);
