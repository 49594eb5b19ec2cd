/**
 * tcptracer: trace TCP connections that are made, accepted and closed.
 *
 * USAGE: tcptracer [-t] [-v] [-p PID] [-u UID] [-U] [-N INODE] [-4 | -6] [-d SECONDS] [-b PAGES]
 *                  [--cgroup PATH] [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [--container] [--json]
 *
 *     # tcptracer
 *     Tracing TCP established connections. Ctrl-C to end.
 *     T  PID    COMM             IP SADDR            DADDR            SPORT  DPORT
 *     C  7353   tcp-client       4  127.0.0.1        127.0.0.1        46514  40063
 *     A  7360   tcp-server       4  127.0.0.1        127.0.0.1        40063  46514
 *     X  7353   tcp-client       4  127.0.0.1        127.0.0.1        46514  40063
 *     X  7360   tcp-server       4  127.0.0.1        127.0.0.1        40063  46514
 *
 * T is C for connect, A for accept, X for close; connections that come to nothing are not shown. Each
 * end of a connection is closed once: when its process shuts it down for sending or closes it, or when
 * the peer resets it. The process of an X is the one that closes, which another one may have opened; of
 * a reset, the one that connected or accepted. PID 0: reset, and opened before tracing began.
 *
 * Hooks: raw tracepoint inet_sock_set_state, and for who accepts fexit of inet_csk_accept and
 * tracepoints syscalls/sys_exit_accept{,4}. bcc's tool watches tcp_close() instead: what is shut down
 * or reset it shows when that is closed. Of an MPTCP connection the first subflow is shown.
 */

import { type Infer, struct, u32, u64 } from "../../mod.ts";
import { address, familyOptions, Flow, flowSettings, ipVersion } from "../../toolkit/net/flow.ts";
import { netnsColumn, netnsFilter, netnsSettings } from "../../toolkit/net/netns.ts";
import { acceptHooks } from "../../toolkit/net/tcp_accept.ts";
import { flag, type Values } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import type { Column, Columns } from "../../toolkit/output/columns.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./tcptracer.bpf.o.ts";

const options = {
  timestamp: flag({ short: "t", long: "timestamp", help: "include timestamp on output" }),
  verbose: flag({
    short: "v",
    long: "verbose",
    help: "long names of types, and the network namespace",
  }),
  pid: filterOptions.pid,
  uid: filterOptions.uid,
  printUid: flag({ short: "U", long: "print-uid", help: "include UID on output" }),
  netns: { ...netnsFilter.netns, short: "N" },
  ...familyOptions,
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  flow: Flow,
  netns: u32,
  type: u32,
});
type Event = Infer<typeof Event>;

const TYPES = ["connect", "accept", "close"];
const LETTERS = ["C", "A", "X"];

function columns(values: Values<typeof options>): Columns<Event> {
  const { verbose, json } = values;
  return [
    values.timestamp && (verbose && !json ? nanoseconds() : secondsColumn({ width: 8, digits: 3 })),
    {
      head: verbose ? "TYPE" : "T",
      key: "type",
      width: verbose ? 12 : 2,
      value: ({ type }) => TYPES[type]!,
      text: ({ type }) => (verbose ? TYPES : LETTERS)[type]!,
    },
    (values.printUid || json) && { head: "UID", width: 5, value: ({ who }) => who.uid },
    { head: "PID", width: 6, value: ({ who }) => who.pid },
    { head: "COMM", width: 16, value: ({ who }) => who.comm },
    { head: "IP", width: 2, value: ({ flow }) => ipVersion(flow) },
    addressColumn("SADDR", "local"),
    addressColumn("DADDR", "remote"),
    { head: "SPORT", width: 6, value: ({ flow }) => flow.local_port },
    { head: "DPORT", width: 6, value: ({ flow }) => flow.remote_port },
    (verbose && values.netns === undefined || json) && netnsColumn<Event>(),
  ];
}

/** The column `TIME(ns)`: nanoseconds since the first row. */
function nanoseconds(): Column<Event> {
  let first: number | undefined;
  return { head: "TIME(ns)", width: 13, value: ({ time }) => time - (first ??= time) };
}

function addressColumn(head: string, end: "local" | "remote"): Column<Event> {
  const value = ({ flow }: Event) => address(flow, end);
  return {
    head,
    width: 16,
    value,
    text: (event) => ipVersion(event.flow) === 6 ? `[${value(event)}]` : value(event),
  };
}

/** Hooks for accept. Without them (the last entry) the tool still shows connects and closes. */
const ways = [...acceptHooks, { hook: "tracepoint:sock:inet_sock_set_state", programs: [] }];

const tcptracer = defineTool({
  name: "tcptracer",
  summary: "Trace TCP connections that are made, accepted and closed.",
  examples: [
    ["tcptracer", "trace all TCP connections"],
    ["tcptracer -t", "include timestamps"],
    ["tcptracer -v", "long names of types, and the network namespace"],
    ["tcptracer -p 181", "only trace PID 181"],
    ["tcptracer -u 1000", "only trace UID 1000"],
    ["tcptracer -N 4026531840", "only trace one network namespace"],
    ["tcptracer -4", "trace IPv4 family only"],
  ],
  object,
  options,
  plan(values, machine) {
    const { pid, uid, cgroup, cgroupMap, mntnsMap, pidns } = values;
    const filters = [pid, uid, cgroup, cgroupMap, mntnsMap, pidns];
    return eventPlan(Event, {
      intro: "Tracing TCP established connections. Ctrl-C to end.",
      load: {
        ...filterSettings(values, {
          ...flowSettings(values),
          ...netnsSettings(values),
          unowned: filters.every((value) => value === undefined),
        }),
        programs: chooseHooks("TCP connections", ways, machine),
      },
      columns: columns(values),
    });
  },
});

export default tcptracer;

if (import.meta.main) await main(tcptracer);
