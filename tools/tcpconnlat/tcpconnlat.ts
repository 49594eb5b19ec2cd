/**
 * tcpconnlat: trace how long active TCP connections take, from connect() to the answer.
 *
 * USAGE: tcpconnlat [-t] [-p PID] [-L] [-4 | -6] [--netns INODE] [--print-netns] [-d SECONDS]
 *                   [-b PAGES] [--cgroup PATH] [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID]
 *                   [--container] [-v] [--json] [min_ms]
 *
 *     # tcpconnlat
 *     PID     COMM         IP SADDR            DADDR            DPORT LAT(ms)
 *     7353    curl         4  192.0.2.2        198.51.100.1     443   12.41
 *     7361    tcp-client   6  ::1              ::1              40063 0.06
 *     7361    tcp-client   4  127.0.0.1        127.0.0.1        9     0.03 refused
 *
 * The time ends with the packet that answers the SYN, whether it accepts the connection or refuses it
 * ("refused"; in JSON "refused": true); sending the SYN again is part of it. Not shown is what nobody answered:
 * connections that timed out, were given up, or found no local port.
 *
 * Hooks: raw tracepoint inet_sock_set_state. The process is the one that connected, also without
 * waiting. Connections that the kernel makes for further MPTCP subflows are left out.
 */

import { type Infer, struct, u32, u64 } from "../../mod.ts";
import { address, familyOptions, Flow, flowSettings, ipVersion } from "../../toolkit/net/flow.ts";
import { netnsColumn, netnsOptions, netnsSettings } from "../../toolkit/net/netns.ts";
import { argument, flag, number } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import object from "./tcpconnlat.bpf.o.ts";

const options = {
  timestamp: flag({ short: "t", long: "timestamp", help: "include timestamp on output" }),
  pid: filterOptions.pid,
  localPort: flag({ short: "L", long: "lport", help: "include LPORT on output" }),
  ...familyOptions,
  ...netnsOptions,
  verbose: programsFlag({ short: "v", long: "verbose" }),
  least: argument(number({
    long: "min_ms",
    meta: "min_ms",
    help: "minimum duration to trace, in milliseconds",
    what: "a duration in milliseconds",
    min: 0,
    max: 2147483647,
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
  is_refused: u32,
});
type Event = Infer<typeof Event>;

const tcpconnlat = defineTool({
  name: "tcpconnlat",
  summary: "Trace TCP connects and show connection latency.",
  examples: [
    ["tcpconnlat", "trace all TCP connect()s"],
    ["tcpconnlat 1", "trace connection latency slower than 1 ms"],
    ["tcpconnlat 0.1", "trace connection latency slower than 100 us"],
    ["tcpconnlat -t", "include timestamps"],
    ["tcpconnlat -p 181", "only trace PID 181"],
    ["tcpconnlat -L", "include LPORT while printing outputs"],
    ["tcpconnlat -4", "trace IPv4 family only"],
    ["tcpconnlat -6", "trace IPv6 family only"],
  ],
  object,
  options,
  plan(values) {
    const { json } = values;
    return eventPlan(Event, {
      load: filterSettings(values, {
        ...flowSettings(values),
        ...netnsSettings(values),
        least_ns: BigInt(Math.round((values.least ?? 0) * 1e6)),
      }),
      ...values.verbose && { prepare: showPrograms },
      span: ({ time, duration_ns: duration }) => ({
        start: time - duration,
        duration,
        name: "connect",
      }),
      columns: [
        values.timestamp && secondsColumn<Event>({ width: 8, digits: 3 }),
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        commColumn(12),
        { head: "IP", width: 2, value: ({ flow }) => ipVersion(flow) },
        { head: "SADDR", width: 16, value: ({ flow }) => address(flow, "local") },
        (values.localPort || json) &&
        { head: "LPORT", width: 6, value: ({ flow }) => flow.local_port },
        { head: "DADDR", width: 16, value: ({ flow }) => address(flow, "remote") },
        { head: "DPORT", width: 5, value: ({ flow }) => flow.remote_port },
        (values.printNetns || json) && netnsColumn<Event>(),
        {
          head: "LAT(ms)",
          key: "lat_ms",
          digits: 2,
          value: ({ duration_ns }) => duration_ns / 1e6,
          text: ({ duration_ns, is_refused }) =>
            (duration_ns / 1e6).toFixed(2) + (is_refused ? " refused" : ""),
        },
        json && { head: "REFUSED", value: ({ is_refused }) => is_refused > 0 },
      ],
    });
  },
});

export default tcpconnlat;

if (import.meta.main) await main(tcpconnlat);
