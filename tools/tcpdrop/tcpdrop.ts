/**
 * tcpdrop: trace TCP packets that the kernel drops, with the reason and the kernel's stack.
 *
 * USAGE: tcpdrop [-4 | -6] [--netns-id INODE | --pid-netns PID] [--print-netns] [--no-stack] [-d SECONDS] [-b PAGES]
 *                [--json]
 *
 *     # tcpdrop
 *     TIME     PID     IP SADDR:SPORT          > DADDR:DPORT          STATE (FLAGS) REASON
 *     08:31:27 7353    4  127.0.0.1:46514      > 127.0.0.1:9          - (SYN) NO_SOCKET
 *             tcp_v4_rcv+0x6a4 [kernel]
 *             ip_protocol_deliver_rcu+0x2c [kernel]
 *             ip_local_deliver_finish+0x79 [kernel]
 *             …
 *
 * The reason is the kernel's own (enum skb_drop_reason, read from the running kernel's BTF, without
 * SKB_DROP_REASON_); NOT_SPECIFIED is what code says that tells none, among which there may be what
 * loses nothing, such as duplicates. STATE is that of the packet's socket; "-": it has none, or the
 * kernel does not tell. A drop may lose nothing for the programs: TCP sends again, and what is left in
 * the queue of a socket that ends, such as the peer's FIN, is dropped with QUEUE_PURGE.
 *
 * PID is who was running, which may have nothing to do with the packet: drops mostly happen in an
 * interrupt. So there is no filter by process or container here.
 *
 * Hooks: raw tracepoint kfree_skb, with a reason (Linux 5.17); since Linux 6.11 it tells the receiving
 * socket. Not seen: packets of IPv6 with extension headers, segments that TCP merged before.
 */

import { array, i32, type Infer, struct, tcpFlagNames, tcpStateName, u32, u64 } from "../../mod.ts";
import { address, familyOptions, Flow, flowSettings, ipVersion } from "../../toolkit/net/flow.ts";
import { dropReasonName, dropTold } from "../../toolkit/net/drop_reasons.ts";
import { netnsColumn, netnsOptions, netnsSettings } from "../../toolkit/net/netns.ts";
import { flag, longOnly, UsageError, type Values } from "../../toolkit/options/options.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import type { Columns } from "../../toolkit/output/columns.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { EventStacks } from "../../toolkit/stacks/event_stacks.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./tcpdrop.bpf.o.ts";

const options = {
  ...familyOptions,
  ...netnsOptions,
  netnsId: {
    ...netnsOptions.netns,
    long: "netns-id",
    help: "the same as --netns: bcc's name of it",
  },
  pidNetns: {
    ...longOnly(filterOptions.pid),
    long: "pid-netns",
    help: "trace the network namespace of this process only",
  },
  noStack: flag({ long: "no-stack", help: "leave out the kernel's stack" }),
  ...eventOptions,
} as const;

const Event = struct("event", {
  who: Who,
  flow: Flow,
  netns: u32,
  reason: u32,
  state: u32,
  tcp_flags: u32,
  kernel_size: i32,
  unused: u32,
  kernel: array(u64, 127),
});
type Event = Infer<typeof Event>;

function columns(values: Values<typeof options>, stacks: EventStacks): Columns<Event> {
  const { json, printNetns, noStack } = values;
  const end = (end: "local" | "remote") => ({ flow }: Event) => address(flow, end);
  const stateOf = ({ state }: Event) => state ? tcpStateName(state) : null;
  const time = [
    clockColumn<Event>(),
    { head: "PID", width: 7, value: ({ who }: Event) => who.pid },
    { head: "IP", width: 2, value: ({ flow }: Event) => ipVersion(flow) },
  ];
  if (json) {
    return [
      ...time,
      { head: "COMM", value: ({ who }) => who.comm },
      { head: "SADDR", value: end("local") },
      { head: "SPORT", value: ({ flow }) => flow.local_port },
      { head: "DADDR", value: end("remote") },
      { head: "DPORT", value: ({ flow }) => flow.remote_port },
      netnsColumn<Event>(),
      { head: "STATE", value: stateOf },
      { head: "FLAGS", value: (event) => tcpFlagNames(event.tcp_flags) },
      { head: "REASON", value: ({ reason }) => dropReasonName(reason) },
      !noStack &&
      {
        head: "STACK",
        member: "texts",
        value: (event) => stacks.kernelFrames(asStack(event)).map(({ name }) => name),
      },
    ];
  }
  return [
    ...time,
    {
      head: "SADDR:SPORT",
      width: 20,
      value: (event) => `${end("local")(event)}:${event.flow.local_port}`,
    },
    {
      head: "> DADDR:DPORT",
      width: 22,
      value: (event) => `> ${end("remote")(event)}:${event.flow.remote_port}`,
    },
    printNetns && netnsColumn<Event>(),
    {
      head: "STATE (FLAGS)",
      value: (event) => `${stateOf(event) ?? "-"} (${tcpFlagNames(event.tcp_flags)})`,
    },
    { head: "REASON", value: ({ reason }) => dropReasonName(reason) },
  ];
}

/** The inode of the traced network namespace; undefined: all. */
function namespaceOf({ netns, netnsId, pidNetns }: Values<typeof options>, machine: Machine) {
  const given = [netns, netnsId, pidNetns].filter((value) => value !== undefined);
  if (given.length > 1) {
    throw new UsageError("use one of --netns, --netns-id and --pid-netns, not several");
  }
  return pidNetns === undefined ? netns ?? netnsId : machine.namespaceInode("net", pidNetns);
}

const asStack = (event: Event) => ({ ...event, ns: 0, user_size: 0 });

const tcpdrop = defineTool({
  name: "tcpdrop",
  summary: "Trace TCP packets that the kernel drops, with the reason and the stack.",
  examples: [
    ["tcpdrop", "trace kernel-based TCP packet drops with details"],
    ["tcpdrop -4", "trace IPv4 family only"],
    ["tcpdrop -6", "trace IPv6 family only"],
    ["tcpdrop --no-stack", "one line per drop"],
    ["tcpdrop --netns 4026531840", "only trace one network namespace"],
    ["tcpdrop --pid-netns 181", "only trace the network namespace of process 181"],
  ],
  object,
  options,
  plan(values, machine) {
    const stacks = new EventStacks();
    const { isReceiverTold } = dropTold(machine);
    const netns = namespaceOf(values, machine);
    return eventPlan(Event, {
      load: {
        ...filterSettings({}, { ...flowSettings(values), ...netnsSettings({ netns }) }),
        programs: { drop: !isReceiverTold, drop_received: isReceiverTold },
      },
      columns: columns(values, stacks),
      prepare: () => stacks,
      ...values.noStack ? {} : { below: (event: Event) => stacks.lines(asStack(event), false) },
    });
  },
});

export default tcpdrop;

if (import.meta.main) await main(tcpdrop);
