/**
 * tcpconnect: trace active TCP connections (connect()), whether they succeed or not.
 *
 * USAGE: tcpconnect [-t] [-p PID] [-P PORT,PORT] [-4 | -6] [--netns INODE] [--print-netns] [-L] [-U]
 *                   [-u UID] [-c] [-d] [--duration SECONDS] [-b PAGES] [--cgroup PATH]
 *                   [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [--container] [--json]
 *
 *     # tcpconnect -d
 *     Tracing connect ... Hit Ctrl-C to end
 *     PID     COMM         IP SADDR            DADDR            DPORT  QUERY
 *     24796   tcp-client   4  192.0.2.2        198.51.100.1     9999   No DNS Query
 *     24796   tcp-client   4  127.0.0.1        127.0.0.4        9      recvmsg.test
 *     24796   tcp-client   6  ::1              ::1              9      localhost
 *     24796   tcp-client   4  127.0.0.1        127.0.0.3        9      read.test (1029.764ms)
 *
 * Hooks: fexit of tcp_v{4,6}_connect; without it raw tracepoints inet_sock_set_state and
 * tcp_retransmit_skb and tracepoint syscalls/sys_exit_connect. Then a connect() that waits is shown
 * when it is answered or has sent a second time, about a second later. An IPv6 socket that connects
 * to ::ffff:192.0.2.1 counts as IPv4. -d knows what the process itself got from port 53 by recvfrom, recvmsg,
 * recvmmsg and read (tracepoints syscalls/sys_{enter,exit}_*), over UDP and TCP, IPv4 and IPv6: not what another
 * one looked up for it (nscd), by io_uring or over TLS.
 *
 * Overhead: about 0.1 µs per change of a TCP socket's state, ten to a connection on both ends.
 */

import { type Bpf, u64 } from "../../mod.ts";
import type { Column, Columns } from "../../toolkit/output/columns.ts";
import { connectPrograms } from "../../toolkit/net/tcp_connect.ts";
import { DnsNames, dnsOption, droppedWithAnswers, withDns } from "../../toolkit/net/dns_names.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { ConnectionEvent } from "../../toolkit/net/connection_event.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  address,
  familyOptions,
  Flow,
  flowSettings,
  ipVersion,
  ports,
} from "../../toolkit/net/flow.ts";
import { netnsColumn, netnsOptions, netnsSettings } from "../../toolkit/net/netns.ts";
import { flag, longOnly, UsageError, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn } from "../../toolkit/task/who.ts";
import object from "./tcpconnect.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const options = {
  timestamp: flag({ short: "t", long: "timestamp", help: "include timestamp on output" }),
  pid: filterOptions.pid,
  port: ports({
    short: "P",
    long: "port",
    meta: "PORT,PORT",
    help: "trace these destination ports only",
  }),
  ...familyOptions,
  ...netnsOptions,
  localPort: flag({ short: "L", long: "lport", help: "include LPORT on output" }),
  printUid: flag({ short: "U", long: "print-uid", help: "include UID on output" }),
  uid: filterOptions.uid,
  count: flag({ short: "c", long: "count", help: "count connects per src ip and dest ip/port" }),
  ...dnsOption,
  ...containerOptions,
  ...eventOptions,
  duration: longOnly(eventOptions.duration),
};

const COMM_WIDTH = 12;
const LATE_NS = 100e6; // a DNS response older than this is shown with its age
const LOCALHOST = ["127.0.0.1", "::1"];

function columns(values: Values<typeof options>, names: DnsNames): Columns<ConnectionEvent> {
  const queryOf = ({ who, flow, time }: ConnectionEvent) =>
    names.find(who.pid, flow, time) ??
      (LOCALHOST.includes(address(flow, "remote"))
        ? { name: "localhost", time: Infinity }
        : undefined);
  return [
    values.timestamp && secondsColumn<ConnectionEvent>({ width: 8, digits: 3 }),
    values.printUid && { head: "UID", width: 5, value: (event) => event.who.uid },
    { head: "PID", width: 7, value: (event) => event.who.pid },
    commColumn(COMM_WIDTH),
    { head: "IP", width: 2, value: (event) => ipVersion(event.flow) },
    { head: "SADDR", width: 16, value: (event) => address(event.flow, "local") },
    values.localPort && { head: "LPORT", width: 6, value: (event) => event.flow.local_port },
    { head: "DADDR", width: 16, value: (event) => address(event.flow, "remote") },
    { head: "DPORT", width: 6, value: (event) => event.flow.remote_port },
    (values.printNetns || values.json) && netnsColumn<ConnectionEvent>(),
    values.dns && {
      head: "QUERY",
      value: (event) => queryOf(event)?.name ?? null,
      text(event) {
        const { name = "No DNS Query", time = Infinity } = queryOf(event) ?? {};
        const age = event.time - time;
        return age > LATE_NS ? `${name} (${(age / 1e6).toFixed(3)}ms)` : name;
      },
    },
  ];
}

interface Count {
  readonly flow: Flow;
  readonly count: number;
}

const countColumns: readonly Column<Count>[] = [
  { head: "LADDR", width: 25, value: ({ flow }) => address(flow, "local") },
  { head: "RADDR", width: 25, value: ({ flow }) => address(flow, "remote") },
  { head: "RPORT", width: 20, value: ({ flow }) => flow.remote_port },
  { head: "CONNECTS", width: 10, value: ({ count }) => count },
];

/** Prints counts by flow: IPv4 first, then the largest count first. */
function reportCounts(bpf: Bpf, report: Report): void {
  const counts = Array.from(
    bpf.map("counts", Flow, u64.asNumber),
    ([flow, count]): Count => ({ flow, count }),
  );
  counts.sort((a, b) => a.flow.family - b.flow.family || b.count - a.count);
  report.line();
  report.table(countColumns, counts);
  reportDropped(bpf, report, "tcpconnect", "connections");
}

const COUNTS = [rowShape({ laddr: "text", raddr: "text", rport: "id", connects: "count" })];

const tcpconnect = defineTool({
  name: "tcpconnect",
  summary: "Trace TCP connects.",
  examples: [
    ["tcpconnect", "trace all TCP connect()s"],
    ["tcpconnect -t", "include timestamps"],
    ["tcpconnect -d", "include DNS queries associated with connects"],
    ["tcpconnect -p 181", "only trace PID 181"],
    ["tcpconnect -P 80,81", "only trace port 80 and 81"],
    ["tcpconnect -6", "only trace IPv6 family"],
    ["tcpconnect -U -u 1000", "only trace UID 1000, with a UID column"],
    ["tcpconnect -c", "count connects per src ip and dest ip/port"],
    ["tcpconnect -L", "include LPORT while printing outputs"],
  ],
  object,
  options,
  plan(values, machine) {
    if (values.count && values.dns) throw new UsageError("use either -c/--count or -d/--dns");
    const flows = flowSettings(values, { remote: values.port });
    const load = {
      ...filterSettings(values, {
        ...flows,
        ...netnsSettings(values),
        counting: values.count,
      }),
      programs: connectPrograms(machine),
    };
    const common = {
      load: withDns(load, values.dns, machine),
      intro: "Tracing connect ... Hit Ctrl-C to end",
    };
    if (values.count) {
      return { ...common, interval: undefined, records: COUNTS, report: reportCounts };
    }
    const names = new DnsNames();
    return eventPlan(ConnectionEvent, {
      ...common,
      columns: columns(values, names),
      ...values.dns && { prepare: (bpf: Bpf) => names.follow(bpf), dropped: droppedWithAnswers },
    });
  },
});

export default tcpconnect;

if (import.meta.main) await main(tcpconnect);
