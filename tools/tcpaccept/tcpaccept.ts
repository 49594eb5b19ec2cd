/**
 * tcpaccept: trace passive TCP connections (accept()).
 *
 * USAGE: tcpaccept [-T] [-t] [-p PID] [-P PORT,PORT] [-4 | -6] [--netns INODE] [--print-netns] [-d]
 *                  [--duration SECONDS] [-b PAGES] [--cgroup PATH] [--cgroupmap PATH] [--mntnsmap PATH]
 *                  [--pidns PID] [--container] [--json]
 *
 *     # tcpaccept -t
 *     TIME(s)  PID     COMM         IP RADDR            RPORT LADDR            LPORT
 *     0.000    30432   tcp-server   4  127.0.0.1        52948 127.0.0.1        60035
 *     0.002    30432   tcp-server   6  ::1              57742 ::1              50025
 *     0.002    30432   tcp-server   6  ::ffff:127.0.0.1 36738 ::ffff:127.0.0.1 34391
 *
 * Hooks: fexit of inet_csk_accept, and tracepoints syscalls/sys_exit_accept and sys_exit_accept4,
 * which alone do not see what is accepted through io_uring or by the kernel itself.
 * An IPv6 socket that talks IPv4 shows addresses such as ::ffff:192.0.2.1.
 *
 * RHOST of -d is the name by which the process last looked up the remote address, or that it was told of it
 * (PTR): from answers that it received from port 53 itself, by recvfrom, recvmsg, recvmmsg and read, over UDP
 * and TCP, before it accepted; a server that asks who it has accepted knows with the next connection, and
 * tcplife -d, which shows connections at their end, with this one. "-" (null in JSON): it received none.
 *
 * Overhead: about 1 µs per accepted connection.
 */

import type { Bpf } from "../../mod.ts";
import {
  DnsNames,
  dnsOption,
  droppedWithAnswers,
  nameColumn,
  withDns,
} from "../../toolkit/net/dns_names.ts";
import { netnsColumn, netnsOptions, netnsSettings } from "../../toolkit/net/netns.ts";
import { acceptHooks } from "../../toolkit/net/tcp_accept.ts";
import { clockColumn, secondsColumn } from "../../toolkit/output/time_columns.ts";
import type { Columns } from "../../toolkit/output/columns.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { ConnectionEvent } from "../../toolkit/net/connection_event.ts";
import { main } from "../../toolkit/run/main.ts";
import { address, familyOptions, flowSettings, ipVersion, ports } from "../../toolkit/net/flow.ts";
import { flag, longOnly, type Values } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn } from "../../toolkit/task/who.ts";
import object from "./tcpaccept.bpf.o.ts";

const options = {
  time: flag({ short: "T", long: "time", help: "include time column on output (HH:MM:SS)" }),
  timestamp: flag({ short: "t", long: "timestamp", help: "include timestamp on output" }),
  pid: filterOptions.pid,
  port: ports({
    short: "P",
    long: "port",
    meta: "PORT,PORT",
    help: "trace these local ports only",
  }),
  ...familyOptions,
  ...netnsOptions,
  ...dnsOption,
  ...containerOptions,
  ...eventOptions,
  duration: longOnly(eventOptions.duration),
};

const COMM_WIDTH = 12;

function columns(
  { time, timestamp, dns, printNetns, json }: Values<typeof options>,
  names: DnsNames,
): Columns<ConnectionEvent> {
  return [
    time && clockColumn<ConnectionEvent>(),
    timestamp && secondsColumn<ConnectionEvent>({ width: 8, digits: 3 }),
    { head: "PID", width: 7, value: (event) => event.who.pid },
    commColumn(COMM_WIDTH),
    { head: "IP", width: 2, value: (event) => ipVersion(event.flow) },
    { head: "RADDR", width: 16, value: (event) => address(event.flow, "remote") },
    { head: "RPORT", width: 5, value: (event) => event.flow.remote_port },
    { head: "LADDR", width: 16, value: (event) => address(event.flow, "local") },
    { head: "LPORT", width: 5, value: (event) => event.flow.local_port },
    (printNetns || json) && netnsColumn<ConnectionEvent>(),
    dns && nameColumn<ConnectionEvent>(names, ({ who }) => who.pid),
  ];
}

const tcpaccept = defineTool({
  name: "tcpaccept",
  summary: "Trace TCP accepts.",
  examples: [
    ["tcpaccept", "trace all TCP accept()s"],
    ["tcpaccept -t", "include timestamps"],
    ["tcpaccept -P 80,81", "only trace port 80 and 81"],
    ["tcpaccept -d", "include the name of the remote host, from DNS answers"],
    ["tcpaccept -p 181", "only trace PID 181"],
    ["tcpaccept -4", "trace IPv4 family only"],
  ],
  object,
  options,
  plan(values, machine) {
    const flows = flowSettings(values, { local: values.port });
    const names = new DnsNames();
    const load = {
      ...filterSettings(values, { ...flows, ...netnsSettings(values) }),
      programs: chooseHooks("accepted TCP connections", acceptHooks, machine),
    };
    return eventPlan(ConnectionEvent, {
      load: withDns(load, values.dns, machine),
      columns: columns(values, names),
      ...values.dns && { prepare: (bpf: Bpf) => names.follow(bpf), dropped: droppedWithAnswers },
    });
  },
});

export default tcpaccept;

if (import.meta.main) await main(tcpaccept);
