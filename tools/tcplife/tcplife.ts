/**
 * tcplife: trace TCP connections that end, with their bytes and how long they lasted.
 *
 * USAGE: tcplife [-T] [-t] [-w] [-s] [-d] [-p PID] [-L PORT,PORT] [-D PORT,PORT] [-4 | -6]
 *                [--netns INODE] [--print-netns] [--duration SECONDS] [-b PAGES] [--cgroup PATH]
 *                [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [--container] [--json]
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
 * RHOST of -d is the name by which the process last looked up the remote address, or that it was told of it
 * (PTR): from answers that it received from port 53 itself, by recvfrom, recvmsg, recvmmsg and read, over UDP
 * and TCP. "-" (null in JSON): it received none while this traced.
 *
 * Overhead: about 0.3 µs per change of a TCP socket's state, ten to a connection on both ends;
 * nothing per packet.
 */

import { type Bpf, type Infer, struct, u32, u64 } from "../../mod.ts";
import {
  DnsNames,
  dnsOption,
  droppedWithAnswers,
  nameColumn,
  withDns,
} from "../../toolkit/net/dns_names.ts";
import { Flow, flowSettings } from "../../toolkit/net/flow.ts";
import { netnsColumn, netnsOptions, netnsSettings } from "../../toolkit/net/netns.ts";
import {
  checkForms,
  endColumns,
  processColumns,
  sessionOptions,
  timeColumns,
} from "../../toolkit/net/session_columns.ts";
import { acceptHooks } from "../../toolkit/net/tcp_accept.ts";
import { longOnly, type Values } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import type { Column, Columns } from "../../toolkit/output/columns.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./tcplife.bpf.o.ts";

const options = {
  ...sessionOptions,
  ...netnsOptions,
  ...dnsOption,
  pid: filterOptions.pid,
  ...containerOptions,
  ...eventOptions,
  duration: longOnly(eventOptions.duration),
};

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  flow: Flow,
  netns: u32,
  unused: u32,
  sent: u64.asNumber,
  received: u64.asNumber,
  duration_ns: u64.asNumber,
});
type Event = Infer<typeof Event>;

const KIB = 1024;

function columns(values: Values<typeof options>, names: DnsNames): Columns<Event> {
  const bytes = (head: string, value: (event: Event) => number): Column<Event> => ({
    head,
    width: values.wide ? 6 : 5,
    align: "right",
    value: (event) => value(event) / KIB,
    text: (event) => String(Math.floor(value(event) / KIB)),
  });
  return [
    ...timeColumns<Event>(values),
    ...processColumns<Event>(values),
    ...endColumns<Event>(values.wide ? 39 : 15),
    bytes("TX_KB", (event) => event.sent),
    bytes("RX_KB", (event) => event.received),
    {
      head: "MS",
      ...(values.dns || values.printNetns) && { width: 10, align: "left" },
      digits: 2,
      value: (event) => event.duration_ns / 1e6,
    },
    (values.printNetns || values.json) && netnsColumn<Event>(),
    values.dns && nameColumn<Event>(names, ({ who }) => who.pid),
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
    ["tcplife -d", "include the name of the remote host, from DNS answers"],
    ["tcplife -p 181", "only trace PID 181"],
    ["tcplife -L 80,81", "only trace local ports 80 and 81"],
    ["tcplife -D 80", "only trace remote port 80"],
    ["tcplife -4", "only trace IPv4 family"],
  ],
  object,
  options,
  plan(values, machine) {
    checkForms(values);
    const names = new DnsNames();
    const { pid, cgroup, cgroupMap, mntnsMap, pidns } = values;
    const load = {
      ...filterSettings(values, {
        ...flowSettings(values, values),
        ...netnsSettings(values),
        unowned: [pid, cgroup, cgroupMap, mntnsMap, pidns].every((value) => value === undefined),
      }),
      programs: chooseHooks("TCP connections", ways, machine),
    };
    return eventPlan(Event, {
      load: withDns(load, values.dns, machine),
      span: ({ time, duration_ns: duration }) => ({
        start: time - duration,
        duration,
        name: "connection",
      }),
      columns: columns(values, names),
      csv: values.csv,
      outlives: "its connections may last longer",
      ...values.dns && { prepare: (bpf: Bpf) => names.follow(bpf), dropped: droppedWithAnswers },
    });
  },
});

/** Hooks for accept. Without them (the last entry) the tool still shows connects and closes. */
const ways = [...acceptHooks, { hook: "tracepoint:sock:inet_sock_set_state", programs: [] }];

export default tcplife;

if (import.meta.main) await main(tcplife);
