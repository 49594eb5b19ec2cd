/**
 * solisten: trace listen() of IPv4 and IPv6 stream sockets.
 *
 * USAGE: solisten [-p PID] [-n INODE] [--show-netns] [--ret] [-d SECONDS] [-b PAGES]
 *                 [--cgroup PATH] [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [--container] [--json]
 *
 *     # solisten
 *     PID     COMM         PROTO  BACKLOG  PORT  ADDR
 *     6045    python3      TCPv4  5        33091 0.0.0.0
 *     6045    python3      TCPv6  5        47873 ::1
 *     6045    python3      MPTCPv4 5        54317 127.0.0.1
 *
 * Calls that fail are shown as well: --ret tells what came of them, 0 or -errno. BACKLOG is what the
 * program asked for; the kernel takes at most net.core.somaxconn of its network namespace. Listening
 * without a bind() before makes the kernel choose the port, which is shown.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_listen. Not seen: sockets of other families (unix
 * sockets have paths and no ports), the kernel's own sockets, io_uring, calls of 32 bit programs on a 64 bit
 * kernel.
 */

import { i32, type Infer, struct, u16, u32 } from "../../mod.ts";
import { address, Flow, flowSettings, ipVersion, protocolName } from "../../toolkit/net/flow.ts";
import { netnsColumn, netnsFilter, netnsSettings } from "../../toolkit/net/netns.ts";
import { flag } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import object from "./solisten.bpf.o.ts";

const options = {
  showNetns: flag({ long: "show-netns", help: "show network namespace" }),
  pid: filterOptions.pid,
  netns: { ...netnsFilter.netns, short: "n" },
  ret: flag({ long: "ret", help: "show what the call returned" }),
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  who: Who,
  flow: Flow,
  netns: u32,
  backlog: i32,
  ret: i32,
  protocol: u16,
  unused: u16,
});
type Event = Infer<typeof Event>;

const solisten = defineTool({
  name: "solisten",
  summary: "Trace listen() of IPv4 and IPv6 stream sockets.",
  examples: [
    ["solisten", "trace all listening sockets"],
    ["solisten -p 1234", "only trace PID 1234"],
    ["solisten --netns 4026531840", "only trace one network namespace"],
    ["solisten --show-netns", "show the network namespace (useful for containers)"],
    ["solisten --ret", "show which calls failed"],
  ],
  object,
  options,
  plan(values) {
    const { json } = values;
    return eventPlan(Event, {
      load: filterSettings(values, {
        ...flowSettings({ ipv4: false, ipv6: false }),
        ...netnsSettings(values),
      }),
      columns: [
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        commColumn(12),
        (values.showNetns || json) && { ...netnsColumn<Event>(), width: 12 },
        {
          head: "PROTO",
          width: 6,
          value: ({ protocol, flow }) => `${protocolName(protocol)}v${ipVersion(flow)}`,
        },
        { head: "BACKLOG", width: 8, value: ({ backlog }) => backlog },
        { head: "PORT", width: 5, value: ({ flow }) => flow.local_port },
        (values.ret || json) && { head: "RET", width: 4, value: ({ ret }) => ret },
        { head: "ADDR", value: ({ flow }) => address(flow, "local") },
      ],
    });
  },
});

export default solisten;

if (import.meta.main) await main(solisten);
