/**
 * pktsnoop: follow packets on their way through the kernel, and see where and why they are dropped.
 *
 * USAGE: pktsnoop [-a ADDRESS] [-s ADDRESS] [-D ADDRESS] [-P PORT,PORT] [--sport PORT,PORT]
 *                 [--dport PORT,PORT] [--protocol NAME,NAME] [-4 | -6] [--netns INODE] [--drops]
 *                 [-f PATTERN] [-S] [-c COUNT] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # pktsnoop --dport 9 -P 9 --protocol tcp
 *     TIME(s)   SKB              CPU PID     COMM             NETNS      IFACE    PROTO LEN   PLACE                    PACKET
 *     0.000000  ffff8b2c41f6a300 0   7353    tcp-client       4026532301 lo       TCP   60    net_dev_queue            127.0.0.1:46514 > 127.0.0.1:9 SYN
 *     0.000009  ffff8b2c41f6a300 0   7353    tcp-client       4026532301 lo       TCP   60    net_dev_start_xmit       127.0.0.1:46514 > 127.0.0.1:9 SYN
 *     0.000012  ffff8b2c41f6a300 0   7353    tcp-client       4026532301 lo       TCP   60    netif_rx                 127.0.0.1:46514 > 127.0.0.1:9 SYN
 *     0.000020  ffff8b2c41f6a300 0   7353    tcp-client       4026532301 lo       TCP   60    netif_receive_skb        127.0.0.1:46514 > 127.0.0.1:9 SYN
 *     0.000031  ffff8b2c41f6a300 0   7353    tcp-client       4026532301 lo       TCP   40    kfree_skb (NO_SOCKET)    127.0.0.1:46514 > 127.0.0.1:9 SYN
 *
 * A packet is shown at each tracepoint of this kernel that it passes, if its headers match the filter
 * there: net_dev_queue, net_dev_start_xmit, netif_rx, netif_receive_skb, napi_gro_receive_entry,
 * qdisc_enqueue, qdisc_dequeue, tcp_retransmit_skb, tcp_probe (an established connection takes it),
 * skb_copy_datagram_iovec (a process is given its data), consume_skb (it has been used) and kfree_skb (it is
 * dropped: the kernel's own reason, by its BTF). SKB tells packets apart: it is the address of the struct
 * sk_buff, which later is another packet's. A clone has an address of its own.
 *
 * -f PATTERN (a regular expression) shows packets at the kernel's functions of such names as well, of
 * those that take a struct sk_buff as one of their first four arguments: `-f '^(ip|tcp)_'`, or `-f .` for
 * all, at a price for all packets of the machine. It needs kprobes, and for more than 1000 functions
 * kprobe-multi (Linux 5.18, CONFIG_FPROBE). Before IP has written its header a packet matches no filter.
 *
 * PID and COMM are who was running: on its way out mostly the sender, on its way in whoever an interrupt
 * came upon. So there is no filter by process or container here. NETNS is that of the interface
 * at the tracepoints of net and qdisc, elsewhere of the packet's socket, be it still the sender's in another
 * namespace, else of the interface; 0 where it has neither, which --netns hides. LEN is from what is read next
 * to the end.
 *
 * Not seen: what is no IP packet, fragments but the first; ports behind IPv6 extension headers.
 * Headers that address translation or a tunnel changes must match, too: use an address or port that stays.
 *
 * Hooks: raw tracepoints, kprobes with -f. Needs Linux >= 5.17, which tells reasons of drops. Overhead: about 0.2 µs at each place for what is not shown.
 */

import {
  bytes,
  bytesRest,
  chars,
  i32,
  type Infer,
  struct,
  tcpFlagNames,
  u32,
  u64,
  u8,
} from "../../mod.ts";
import { requireVersions } from "../../toolkit/net/address_family.ts";
import { dropReasonName, dropTold } from "../../toolkit/net/drop_reasons.ts";
import {
  address,
  familyOptions,
  Flow,
  flowSettings,
  ipVersion,
  ports,
  portSettings,
  protocolName,
  protocols,
  protocolSettings,
} from "../../toolkit/net/flow.ts";
import { netnsColumn, netnsFilter, netnsSettings } from "../../toolkit/net/netns.ts";
import { subnet } from "../../toolkit/net/subnets.ts";
import { flag, number, pattern, type Values } from "../../toolkit/options/options.ts";
import {
  eventOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import type { Columns } from "../../toolkit/output/columns.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import {
  attachHooks,
  programsFor,
  reportSkipped,
  stopOf,
} from "../../toolkit/probes/pattern_hooks.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { EventStacks } from "../../toolkit/stacks/event_stacks.ts";
import { Who } from "../../toolkit/task/who.ts";
import { DROP, packetFunctions, tellPositions, tracepointPrograms, TRACEPOINTS } from "./hooks.ts";
import object from "./pktsnoop.bpf.o.ts";

const NAME = "pktsnoop";
const PORTS = "PORT,PORT";

const options = {
  any: subnet({
    short: "a",
    long: "address",
    meta: "ADDRESS",
    help: "from or to this address or subnet",
  }),
  source: subnet({
    short: "s",
    long: "source",
    meta: "ADDRESS",
    help: "from this address or subnet",
  }),
  destination: subnet({
    short: "D",
    long: "destination",
    meta: "ADDRESS",
    help: "to this address or subnet",
  }),
  either: ports({ short: "P", long: "port", meta: PORTS, help: "from or to one of these ports" }),
  local: ports({ long: "sport", meta: PORTS, help: "from one of these ports" }),
  remote: ports({ long: "dport", meta: PORTS, help: "to one of these ports" }),
  protocol: protocols({
    long: "protocol",
    meta: "NAME,NAME",
    help: "of these protocols above IP, by name or number: tcp,udp,icmp",
  }),
  ...familyOptions,
  ...netnsFilter,
  drops: flag({ long: "drops", help: "only show packets that are dropped" }),
  functions: pattern({
    short: "f",
    long: "functions",
    meta: "PATTERN",
    help: "show packets at these functions of the kernel as well",
  }),
  stack: flag({ short: "S", long: "stack", help: "show the kernel's stack" }),
  most: number({
    short: "c",
    long: "count",
    meta: "COUNT",
    help: "end after so many rows",
    what: "a number of rows",
    min: 1,
    max: 2147483647,
  }),
  bufferPages: eventOptions.bufferPages,
  ...standardOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  flow: Flow,
  skb: u64,
  netns: u32,
  length: u32,
  place: u32,
  function: u32,
  reason: u32,
  stack_size: i32,
  device: chars(16),
  protocol: u8,
  tcp_flags: u8,
  cpu: u8,
  unused: bytes(5),
  stack: bytesRest(),
});
type Event = Infer<typeof Event>;

const endText = ({ flow }: Event, end: "local" | "remote"): string => {
  const at = address(flow, end);
  const port = flow[`${end}_port`];
  return port ? `${ipVersion(flow) === 6 ? `[${at}]` : at}:${port}` : at;
};

const flagsOf = ({ tcp_flags }: Event) => tcp_flags ? tcpFlagNames(tcp_flags) : null;
const reasonOf = ({ place, reason }: Event) =>
  TRACEPOINTS[place]![1] === DROP ? dropReasonName(reason) : null;

function columns(
  values: Values<typeof options>,
  functions: readonly string[],
  stacks: EventStacks,
): Columns<Event> {
  const { json } = values;
  const placeOf = (event: Event) =>
    event.place === 0 ? functions[event.function]! : TRACEPOINTS[event.place]![1];
  return [
    secondsColumn<Event>({ width: 9, digits: 6 }),
    { head: "SKB", width: 16, value: ({ skb }) => skb.toString(16) },
    { head: "CPU", width: 3, align: "left", value: ({ cpu }) => cpu },
    { head: "PID", width: 7, align: "left", value: ({ who }) => who.pid },
    { head: "COMM", width: 16, value: ({ who }) => who.comm },
    netnsColumn<Event>(),
    {
      head: "IFACE",
      width: 8,
      value: ({ device }) => device || null,
      text: (e) => e.device || "-",
    },
    { head: "PROTO", width: 5, value: ({ protocol }) => protocolName(protocol) },
    { head: "LEN", width: 5, align: "left", value: ({ length }) => length },
    {
      head: "PLACE",
      width: 24,
      value: placeOf,
      text(event) {
        const reason = reasonOf(event);
        return reason === null ? placeOf(event) : `${placeOf(event)} (${reason})`;
      },
    },
    !json && {
      head: "PACKET",
      value: (event) =>
        [`${endText(event, "local")} > ${endText(event, "remote")}`, flagsOf(event) ?? []]
          .flat().join(" "),
    },
    json && { head: "REASON", value: reasonOf },
    json && { head: "IP", value: ({ flow }) => ipVersion(flow) },
    json && { head: "SADDR", value: ({ flow }) => address(flow, "local") },
    json && { head: "SPORT", value: ({ flow }) => flow.local_port },
    json && { head: "DADDR", value: ({ flow }) => address(flow, "remote") },
    json && { head: "DPORT", value: ({ flow }) => flow.remote_port },
    json && { head: "FLAGS", value: flagsOf },
    json && values.stack && {
      head: "STACK",
      member: "texts",
      value: (event) => stacks.kernelFrames(asStack(event)).map(({ name }) => name),
    },
  ];
}

const asStack = ({ who, stack, stack_size }: Event) => ({
  who,
  ns: 0,
  kernel: [...new BigUint64Array(stack.buffer)],
  kernel_size: stack_size,
  user_size: 0,
});

const pktsnoop = defineTool({
  name: NAME,
  summary: "Follow packets through the kernel, with the reason where they are dropped.",
  examples: [
    ["pktsnoop -a 192.0.2.7", "follow packets from and to an address"],
    ["pktsnoop -P 53 --protocol udp", "follow UDP packets from and to port 53"],
    ["pktsnoop --drops", "show all dropped packets with the reason"],
    ["pktsnoop --drops -S -D 10.0.0.0/8", "drops on the way to a subnet, with the kernel's stack"],
    ["pktsnoop -P 443 -f '^(ip|tcp)_'", "also where functions of these names are given them"],
    ["pktsnoop -P 443 -f . -c 100", "a hundred rows of all functions that are given them"],
  ],
  object,
  options,
  plan(values, machine) {
    const hooks = values.functions && packetFunctions(values.functions, machine);
    const stacks = new EventStacks();
    dropTold(machine);
    const { any, source, destination } = values;
    requireVersions(options, values, { any, source, destination }, { of: "packet" });
    return eventPlan(Event, {
      load: {
        ...filterSettings({}, {
          ...flowSettings(values, values),
          ...portSettings("either", values.either),
          either_subnet: any,
          source_subnet: source,
          destination_subnet: destination,
          ...protocolSettings(values.protocol),
          ...netnsSettings(values),
          with_stack: values.stack,
        }),
        programs: {
          ...tracepointPrograms(machine, (name) => !values.drops || name === DROP),
          entered_function: false,
          entered_functions: false,
          entered_user_functions: false,
          ...hooks && programsFor(hooks, ["entered"], { onTracepoints: false }),
        },
      },
      prepare(bpf) {
        if (hooks) tellPositions(bpf, hooks.positions);
        return stacks;
      },
      ...hooks && {
        attach(bpf) {
          const tracepoints = [...bpf.programs.values()].filter(({ name }) =>
            name.startsWith("at_")
          );
          for (const program of tracepoints) program.attach();
          const link = attachHooks(bpf, "entered", hooks);
          reportSkipped(NAME, hooks, link);
          return Promise.resolve([stopOf(bpf)]);
        },
      },
      most: values.most,
      columns: columns(values, hooks?.places as readonly string[] ?? [], stacks),
      ...values.stack && { below: (event: Event) => stacks.lines(asStack(event), false) },
    });
  },
});

export default pktsnoop;

if (import.meta.main) await main(pktsnoop);
