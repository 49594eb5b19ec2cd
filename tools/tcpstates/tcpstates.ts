/**
 * tcpstates: trace the changes of state of TCP sockets, and how long each state lasted.
 *
 * USAGE: tcpstates [-T] [-t] [-w] [-s] [-Y] [-d] [-L PORT,PORT] [-D PORT,PORT] [-4 | -6]
 *                  [--netns INODE] [--print-netns] [--duration SECONDS] [-b PAGES] [--json]
 *
 *     # tcpstates
 *     SKADDR           C-PID C-COMM     LADDR           LPORT RADDR           RPORT OLDSTATE    -> NEWSTATE    MS
 *     ffff8b2c41f6a300 7353  tcp-client 127.0.0.1       0     127.0.0.1       40063 CLOSE       -> SYN_SENT    0.000
 *     ffff8b2c41f6a300 7353  tcp-client 127.0.0.1       46514 127.0.0.1       40063 SYN_SENT    -> ESTABLISHED 0.082
 *     ffff8b2c41f69980 7353  tcp-client 127.0.0.1       40063 127.0.0.1       46514 SYN_RECV    -> ESTABLISHED 0.013
 *     ffff8b2c41f6b5c0 7353  tcp-client 127.0.0.1       40063 0.0.0.0         0     LISTEN      -> CLOSE       -
 *
 * C-PID and C-COMM are who was running: the socket's process where it asked for the change (connect,
 * listen, shutdown, close), else whoever a packet or a timer happened to interrupt. So there is no
 * filter by process or container here; tcptracer and tcplife know whose a connection is.
 *
 * MS is how long the old state lasted. "-" (null in JSON): it began before tracing did. A new
 * connection of a listening socket begins as a copy of that, LISTEN -> SYN_RECV; older kernels have not
 * filled in its remote end by then.
 *
 * -Y sends each row to systemd-journald as well, with the fields of bcc's tool (OBJECT_TCP_NEW_STATE …).
 *
 * RHOST of -d is the name by which the process that connected last looked up the remote address: from answers
 * that it received from port 53 itself, by recvfrom, recvmsg, recvmmsg and read, over UDP and TCP. "-" (null in
 * JSON): it received none, or the socket was accepted, or connected before tracing began.
 *
 * Hooks: raw tracepoint inet_sock_set_state. Connections that wait for their handshake's end at a
 * listening socket (TCP_NEW_SYN_RECV) and those in TIME_WAIT are no sockets to the kernel: the first
 * are not shown, the others as CLOSE. MPTCP's subflows are shown as the TCP connections that they are.
 */

import { type Bpf, type Infer, struct, tcpStateName, u32, u64, u8 } from "../../mod.ts";
import {
  DnsNames,
  dnsOption,
  droppedWithAnswers,
  nameColumn,
  withDns,
} from "../../toolkit/net/dns_names.ts";
import { address, Flow, flowSettings, ipVersion } from "../../toolkit/net/flow.ts";
import { netnsColumn, netnsOptions, netnsSettings } from "../../toolkit/net/netns.ts";
import {
  checkForms,
  endColumns,
  processColumns,
  sessionOptions,
  timeColumns,
} from "../../toolkit/net/session_columns.ts";
import { flag, longOnly, type Values } from "../../toolkit/options/options.ts";
import { eventOptions, filterSettings } from "../../toolkit/options/standard_options.ts";
import type { Columns } from "../../toolkit/output/columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import { Journal } from "./journal.ts";
import object from "./tcpstates.bpf.o.ts";

const options = {
  ...sessionOptions,
  journal: flag({
    short: "Y",
    long: "journal",
    help: "log session state changes to the systemd journal as well",
  }),
  ...dnsOption,
  ...netnsOptions,
  ...eventOptions,
  duration: longOnly(eventOptions.duration),
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  flow: Flow,
  socket: u64,
  duration_ns: u64.asNumber,
  netns: u32,
  old_state: u8,
  new_state: u8,
  is_known: u8,
  unused: u8,
  owner: u32,
  unused_too: u32,
});
type Event = Infer<typeof Event>;

function columns(values: Values<typeof options>, names: DnsNames): Columns<Event> {
  const { csv, json } = values;
  const milliseconds = ({ is_known, duration_ns }: Event) => is_known ? duration_ns / 1e6 : null;
  return [
    ...timeColumns<Event>(values),
    { head: "SKADDR", width: 16, value: ({ socket }) => socket.toString(16) },
    ...processColumns<Event>(values, "C-"),
    ...endColumns<Event>(values.wide ? 26 : 15),
    (values.printNetns || json) && netnsColumn<Event>(),
    { head: "OLDSTATE", width: 11, value: ({ old_state }) => tcpStateName(old_state) },
    {
      head: csv ? "NEWSTATE" : "-> NEWSTATE",
      key: "newstate",
      width: 14,
      value: ({ new_state }) => tcpStateName(new_state),
      text: ({ new_state }) => `${csv ? "" : "-> "}${tcpStateName(new_state)}`,
    },
    {
      head: "MS",
      ...values.dns && { width: 10 },
      value: milliseconds,
      text: (event) => milliseconds(event)?.toFixed(3) ?? "-",
    },
    values.dns && nameColumn<Event>(names, ({ owner }) => owner),
  ];
}

const tcpstates = defineTool({
  name: "tcpstates",
  summary: "Trace TCP session state changes and durations.",
  examples: [
    ["tcpstates", "trace all TCP state changes"],
    ["tcpstates -t", "include timestamp column"],
    ["tcpstates -T", "include time column (HH:MM:SS)"],
    ["tcpstates -w", "wider columns (fit IPv6)"],
    ["tcpstates -stT", "csv output, with times & timestamps"],
    ["tcpstates -Y", "log events to the systemd journal"],
    ["tcpstates -d", "include the name of the remote host, from DNS answers"],
    ["tcpstates -L 80,81", "only trace local ports 80 and 81"],
    ["tcpstates -D 80", "only trace remote port 80"],
    ["tcpstates -4", "only trace IPv4 family"],
    ["tcpstates --netns 4026531840", "only trace one network namespace"],
  ],
  object,
  options,
  plan(values, machine) {
    checkForms(values);
    let journal: Journal | undefined;
    const names = new DnsNames();
    const load = filterSettings({}, { ...flowSettings(values, values), ...netnsSettings(values) });
    return {
      ...eventPlan(Event, {
        load: withDns(load, values.dns, machine),
        prepare(bpf: Bpf) {
          const made = new DisposableStack();
          if (values.journal) made.use(journal = new Journal());
          if (values.dns) made.use(names.follow(bpf));
          return made;
        },
        ...values.dns && { dropped: droppedWithAnswers },
        columns: columns(values, names),
        wants(event) {
          journal?.send(journalFields(event));
          return true;
        },
      }),
      csv: values.csv,
    };
  },
});

/** The journal fields, named as in bcc's tool; MESSAGE has the same as text. */
function journalFields(event: Event): Record<string, string> {
  const { flow, who } = event;
  const [from, to] = [address(flow, "local"), address(flow, "remote")];
  const [before, after] = [tcpStateName(event.old_state), tcpStateName(event.new_state)];
  const ip = `OBJECT_IPV${ipVersion(flow)}`;
  const route = `${from} ${flow.local_port} → ${to} ${flow.remote_port}`;
  return {
    MESSAGE: `${who.comm} ${route} ${before} → ${after}`,
    SYSLOG_IDENTIFIER: "tcpstates",
    PRIORITY: "5",
    OBJECT_PID: String(who.pid),
    [`${ip}_SOURCE_ADDRESS`]: from,
    OBJECT_TCP_SOURCE_PORT: String(flow.local_port),
    [`${ip}_DESTINATION_ADDRESS`]: to,
    OBJECT_TCP_DESTINATION_PORT: String(flow.remote_port),
    OBJECT_TCP_OLD_STATE: before,
    OBJECT_TCP_NEW_STATE: after,
    OBJECT_TCP_SPAN_TIME: String(Math.floor(event.duration_ns / 1000)),
  };
}

export default tcpstates;

if (import.meta.main) await main(tcpstates);
