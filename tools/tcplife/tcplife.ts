/**
 * tcplife: trace TCP connections that end, with their bytes and how long they lasted.
 *
 * USAGE: tcplife [-T] [-t] [-w] [-s] [-p PID] [-L PORT,PORT] [-D PORT,PORT] [-4 | -6]
 *                [-d SECONDS] [-b PAGES] [--cgroupmap PATH] [--mntnsmap PATH] [--json]
 *
 *     # tcplife
 *     PID   COMM       LADDR           LPORT RADDR           RPORT TX_KB RX_KB MS
 *     7353  tcp-client 127.0.0.1       46514 127.0.0.1       40063     4     2 1.66
 *     7360  tcp-server 127.0.0.1       40063 127.0.0.1       46514     2     4 1.66
 *     7353  tcp-client 192.0.2.2       46614 198.51.100.1    10000     0     0 1028.77
 *
 * Hooks: raw tracepoint inet_sock_set_state, and for who accepts fexit of inet_csk_accept and
 * tracepoints syscalls/sys_exit_accept{,4}. The process is the one that connected; of an accepted
 * connection the one that closed it or, if only the peer did, that accepted it. PID 0: it ended
 * before it was accepted, or the kernel made it: MPTCP sockets talk through TCP connections, of which a
 * process makes or accepts the first only. Bytes are counted as the kernel does, by sequence numbers:
 * SYN and FIN are one each. A connection that was open when tracing started is not shown.
 *
 * Overhead: about 0.3 µs per change of a TCP socket's state, ten to a connection on both ends;
 * nothing per packet.
 */

import { type Infer, struct, u64 } from "../../mod.ts";
import { acceptWays } from "../../toolkit/net/tcp_accept.ts";
import { clockColumn, secondsColumn } from "../../toolkit/output/time_columns.ts";
import type { Column, Columns } from "../../toolkit/output/columns.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  address,
  familyOptions,
  Flow,
  flowSettings,
  ipVersion,
  ports,
} from "../../toolkit/net/flow.ts";
import { flag, UsageError, type Values } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./tcplife.bpf.o.ts";

const options = {
  time: flag({ short: "T", long: "time", help: "include time column on output (HH:MM:SS)" }),
  timestamp: flag({ short: "t", long: "timestamp", help: "include timestamp on output (seconds)" }),
  wide: flag({ short: "w", long: "wide", help: "wide column output (fits IPv6 addresses)" }),
  csv: flag({ short: "s", long: "csv", help: "comma separated values output" }),
  pid: filterOptions.pid,
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
  ...containerOptions,
  ...eventOptions,
};

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  flow: Flow,
  sent: u64.asNumber,
  received: u64.asNumber,
  duration_ns: u64.asNumber,
});
type Event = Infer<typeof Event>;

const COMM_WIDTH = 10;
const KIB = 1024;

function columns({ time, timestamp, wide, csv, json }: Values<typeof options>): Columns<Event> {
  const full = wide || csv || json;
  const addressWidth = wide ? 39 : 15;
  const bytes = (head: string, value: (event: Event) => number): Column<Event> => ({
    head,
    width: wide ? 6 : 5,
    align: "right",
    value: (event) => value(event) / KIB,
    text: (event) => String(Math.floor(value(event) / KIB)),
  });
  return [
    time && clockColumn<Event>(),
    timestamp && secondsColumn<Event>({ width: 9, digits: 6 }),
    { head: "PID", width: 5, value: (event) => event.who.pid },
    {
      head: "COMM",
      width: wide ? 16 : COMM_WIDTH,
      value: ({ who }) => full ? who.comm : who.comm.slice(0, COMM_WIDTH),
    },
    full && { head: "IP", width: 2, value: (event) => ipVersion(event.flow) },
    { head: "LADDR", width: addressWidth, value: (event) => address(event.flow, "local") },
    { head: "LPORT", width: 5, value: (event) => event.flow.local_port },
    { head: "RADDR", width: addressWidth, value: (event) => address(event.flow, "remote") },
    { head: "RPORT", width: 5, value: (event) => event.flow.remote_port },
    bytes("TX_KB", (event) => event.sent),
    bytes("RX_KB", (event) => event.received),
    { head: "MS", digits: 2, value: (event) => event.duration_ns / 1e6 },
  ];
}

const tcplife = defineTool({
  name: "tcplife",
  summary: "Trace the lifespan of TCP sessions and summarize.",
  examples: [
    ["tcplife", "trace all TCP connections that end"],
    ["tcplife -T", "include time column (HH:MM:SS)"],
    ["tcplife -w", "wider columns (fit IPv6)"],
    ["tcplife -stT", "csv output, with times & timestamps"],
    ["tcplife -p 181", "only trace PID 181"],
    ["tcplife -L 80,81", "only trace local ports 80 and 81"],
    ["tcplife -D 80", "only trace remote port 80"],
    ["tcplife -4", "only trace IPv4 family"],
  ],
  object,
  options,
  plan(values, machine) {
    if (values.csv && values.json) throw new UsageError("use either -s/--csv or --json, not both");
    const { pid, cgroup, cgroupMap, mntnsMap, pidns } = values;
    return {
      event: Event,
      load: {
        ...filterSettings(values, {
          ...flowSettings(values, values),
          unowned: [pid, cgroup, cgroupMap, mntnsMap, pidns].every((value) => value === undefined),
        }),
        programs: chooseHooks("TCP connections", ways, machine),
      },
      columns: columns(values),
      csv: values.csv,
      outlives: "its connections may last longer",
    };
  },
});

/** A kernel that cannot tell who accepts still tells who connects and closes. */
const ways = [...acceptWays, { hook: "tracepoint:sock:inet_sock_set_state", programs: [] }];

export default tcplife;

if (import.meta.main) await main(tcplife);
