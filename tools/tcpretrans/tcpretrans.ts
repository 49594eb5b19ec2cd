/**
 * tcpretrans: trace or count TCP retransmits and tail loss probes.
 *
 * USAGE: tcpretrans [-s] [-l] [-c] [-4 | -6] [--cgroup PATH] [--cgroupmap PATH] [-d SECONDS]
 *                   [-b PAGES] [--json]
 *
 *     # tcpretrans
 *     Tracing retransmits ... Hit Ctrl-C to end
 *     TIME     PID     IP LADDR:LPORT          T> RADDR:RPORT          STATE
 *     20:19:30 0       4  192.0.2.2:35438      R> 198.51.100.1:10001   SYN_SENT
 *     20:19:31 1502    4  127.0.0.1:41972      R> 127.0.0.1:50653      ESTABLISHED
 *
 * Hooks: raw tracepoint tcp_retransmit_skb; with -l fentry of tcp_send_loss_probe, too. PID is the
 * process that happened to run, mostly 0: the kernel. L is an attempt: what it sends, if it sends
 * anything, may be an R of its own. SYN-ACKs that are sent again are not shown.
 *
 * A segment is mostly sent again by a timer, in the middle of any process or none. So there are no
 * filters by process, user or namespace: what they would look at has nothing to do with the
 * connection. --cgroup, --cgroupmap and --container go by the cgroup in which the socket was made,
 * which it keeps (Linux 5.15 and later); of an accepted connection that is the listening socket's.
 *
 * Overhead: nothing but for segments that are sent again.
 */

import {
  type Bpf,
  type Infer,
  struct,
  tcpStateName,
  u16,
  u32,
  u64,
  u8,
  UnsupportedError,
} from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import type { Column, Columns } from "../../toolkit/output/columns.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { address, familyOptions, Flow, flowSettings, ipVersion } from "../../toolkit/net/flow.ts";
import { flag, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  eventOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./tcpretrans.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const options = {
  sequence: flag({ short: "s", long: "sequence", help: "display TCP sequence numbers" }),
  lossProbe: flag({ short: "l", long: "lossprobe", help: "include tail loss probe attempts" }),
  count: flag({ short: "c", long: "count", help: "count occurred retransmits per flow" }),
  ...familyOptions,
  cgroup: containerOptions.cgroup,
  cgroupMap: containerOptions.cgroupMap,
  ...eventOptions,
};

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  flow: Flow,
  seq: u32,
  state: u16,
  is_probe: u8,
  unused: u8,
});
type Event = Infer<typeof Event>;

/** Columns for JSON, which has addresses and ports separately. */
function flowColumns<E extends { readonly flow: Flow }>(): Column<E>[] {
  return [
    { head: "LADDR", value: ({ flow }) => address(flow, "local") },
    { head: "LPORT", value: ({ flow }) => flow.local_port },
    { head: "RADDR", value: ({ flow }) => address(flow, "remote") },
    { head: "RPORT", value: ({ flow }) => flow.remote_port },
  ];
}

function columns({ sequence, json }: Values<typeof options>): Columns<Event> {
  const type = ({ is_probe }: Event) => is_probe ? "L" : "R";
  const typeColumn: Column<Event> = {
    head: "T>",
    key: "type",
    value: type,
    text: (event) => `${type(event)}>`,
  };
  return [
    clockColumn<Event>(),
    { head: "PID", width: 7, value: (event) => event.who.pid },
    { head: "IP", width: 2, value: (event) => ipVersion(event.flow) },
    ...json ? [typeColumn, ...flowColumns<Event>()] : [
      {
        head: "LADDR:LPORT",
        width: 20,
        value: ({ flow }: Event) => `${address(flow, "local")}:${flow.local_port}`,
      },
      typeColumn,
      {
        head: "RADDR:RPORT",
        width: 20,
        value: ({ flow }: Event) => `${address(flow, "remote")}:${flow.remote_port}`,
      },
    ],
    { head: "STATE", width: sequence ? 12 : 0, value: (event) => tcpStateName(event.state) },
    sequence && { head: "SEQ", value: (event) => event.seq },
  ];
}

interface Count {
  readonly flow: Flow;
  readonly count: number;
}

const countColumns: readonly Column<Count>[] = [
  ...flowColumns<Count>(),
  { head: "RETRANSMITS", value: ({ count }) => count },
];

/** Prints counts by flow as bcc's tool does: IPv4 first, then the smallest count first. */
function reportCounts(bpf: Bpf, report: Report): void {
  const counts = Array.from(
    bpf.map("counts", Flow, u64.asNumber),
    ([flow, count]): Count => ({ flow, count }),
  );
  counts.sort((a, b) => a.flow.family - b.flow.family || a.count - b.count);
  report.line();
  report.line(`${"LADDR:LPORT".padEnd(25)} ${"RADDR:RPORT".padEnd(25)} RETRANSMITS`);
  for (const { flow, count } of counts) {
    const local = `[${address(flow, "local")}]#${flow.local_port}`.padEnd(20);
    const remote = `[${address(flow, "remote")}]#${flow.remote_port}`.padEnd(20);
    report.line(`${local} <-> ${remote} ${String(count).padStart(10)}`);
  }
  if (report.json) report.table(countColumns, counts);
  reportDropped(bpf, report, "tcpretrans", "retransmits");
}

const COUNTS = [rowShape({
  laddr: "text",
  lport: "id",
  raddr: "text",
  rport: "id",
  retransmits: "count",
})];

const tcpretrans = defineTool({
  name: "tcpretrans",
  summary: "Trace TCP retransmits.",
  examples: [
    ["tcpretrans", "trace TCP retransmits"],
    ["tcpretrans -l", "include TLP attempts"],
    ["tcpretrans -s", "with sequence numbers"],
    ["tcpretrans -c", "count retransmits per flow"],
    ["tcpretrans -6", "trace IPv6 family only"],
  ],
  object,
  options,
  plan(values, machine) {
    if (values.cgroup ?? values.cgroupMap) requireSocketCgroups(machine);
    const common = {
      load: {
        ...filterSettings(values, { ...flowSettings(values), counting: values.count }),
        programs: values.lossProbe
          ? chooseHooks("tail loss probes (-l)", [
            { hook: "fentry:tcp_send_loss_probe", programs: ["loss_probe"] },
          ], machine)
          : { loss_probe: false },
      },
      intro: "Tracing retransmits ... Hit Ctrl-C to end",
    };
    if (values.count) {
      return { ...common, interval: undefined, records: COUNTS, report: reportCounts };
    }
    return { ...common, event: Event, columns: columns(values) };
  },
});

function requireSocketCgroups(machine: Machine): void {
  const { answer, reason } = machine.structHasField("sock_cgroup_data", "cgroup");
  if (answer !== "no") return;
  const what = "sock_cgroup_data.cgroup";
  throw new UnsupportedError("tell a socket's cgroup", what, reason!, "5.15");
}

export default tcpretrans;

if (import.meta.main) await main(tcpretrans);
