/**
 * tcptop: bytes that processes send and receive over TCP, by connection, the busiest first.
 *
 * USAGE: tcptop [-C] [-S] [-p PID] [-4 | -6] [--netns INODE] [-d SECONDS] [--cgroup PATH]
 *               [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [--container]
 *               [--pod] [--json] [interval] [count]
 *
 *     # tcptop -C 1 1
 *     Tracing... Output every 1 secs. Hit Ctrl-C to end
 *
 *     08:41:02 loadavg: 1.53 1.25 1.11 2/135 21780
 *
 *     PID     COMM         LADDR                 RADDR                  RX_KB  TX_KB
 *     7353    tcp-client   127.0.0.1:46514       127.0.0.1:40063            2      4
 *     7360    tcp-server   127.0.0.1:40063       127.0.0.1:46514            4      2
 *
 * The process is the one that makes the call, be the socket its own, inherited or sent to it; the
 * kernel's threads send and receive too (NFS, for instance). Bytes are those of the programs, counted
 * when send or receive returns: no headers, nothing twice, and not what is only peeked at.
 *
 * Hooks: raw tracepoints sock_send_length and sock_recv_length (Linux 6.3); without them fexit of
 * tcp_sendmsg, tcp_recvmsg and, before Linux 6.5, tcp_sendpage. Not seen: what splice() and sendfile()
 * take out of a socket; without the tracepoints MPTCP, whose sockets are not TCP's.
 */

import { type Bpf, chars, type Infer, struct, u32, u64 } from "../../mod.ts";
import { address, familyOptions, Flow, flowSettings } from "../../toolkit/net/flow.ts";
import { netnsColumn, netnsFilter, netnsSettings } from "../../toolkit/net/netns.ts";
import { bytePrograms } from "../../toolkit/net/tcp_bytes.ts";
import { flag, type Values } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
  intervalArgumentsEvery,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { topLine, topSpace } from "../../toolkit/output/top.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { containerColumns } from "../../toolkit/task/containers.ts";
import object from "./tcptop.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const INTERVAL_SECONDS = 1;
const AF_INET = 2;
const KIB = 1024;

const options = {
  noClear: flag({ short: "C", long: "noclear", help: "don't clear the screen" }),
  noSummary: flag({ short: "S", long: "nosummary", help: "skip system summary line" }),
  pid: filterOptions.pid,
  ...familyOptions,
  ...netnsFilter,
  ...intervalArgumentsEvery(INTERVAL_SECONDS),
  ...containerOptions,
  container: eventOptions.container,
  pod: eventOptions.pod,
  ...standardOptions,
} as const;

const Key = struct("key", {
  flow: Flow,
  pid: u32,
  netns: u32,
  cgroup: u64.asNumber,
  comm: chars(16),
});
const Bytes = struct("bytes", { sent: u64.asNumber, received: u64.asNumber });
type Row = Infer<typeof Key> & Infer<typeof Bytes>;

const kilobytes = (head: string, bytes: (row: Row) => number): Column<Row> => ({
  head,
  width: 6,
  align: "right",
  value: (row) => bytes(row) / KIB,
  text: (row) => String(Math.floor(bytes(row) / KIB)),
});

const process_ = (width: number): Column<Row>[] => [
  { head: "PID", width: 7, value: ({ pid }) => pid },
  {
    head: "COMM",
    width,
    value: ({ comm }) => comm,
    text: ({ comm }) => comm.slice(0, width),
  },
];

const bytes = [
  kilobytes("RX_KB", ({ received }) => received),
  kilobytes("TX_KB", ({ sent }) => sent),
];

/** The columns of one IP version; those of IPv6 are wider, as in bcc's tool. */
const table = (suffix: string, width: number): readonly Column<Row>[] => [
  ...process_(12),
  {
    head: `LADDR${suffix}`,
    width,
    value: ({ flow }) => `${address(flow, "local")}:${flow.local_port}`,
  },
  {
    head: `RADDR${suffix}`,
    width,
    value: ({ flow }) => `${address(flow, "remote")}:${flow.remote_port}`,
  },
  ...bytes,
];

const jsonColumns: readonly Column<Row>[] = [
  ...process_(16),
  { head: "LADDR", value: ({ flow }) => address(flow, "local") },
  { head: "LPORT", value: ({ flow }) => flow.local_port },
  { head: "RADDR", value: ({ flow }) => address(flow, "remote") },
  { head: "RPORT", value: ({ flow }) => flow.remote_port },
  netnsColumn<Row>(),
  ...bytes,
];

/** Returns the function that prints the bytes transferred since its last call. */
function reporter(
  { noSummary, ...shown }: Values<typeof options>,
  redraw: boolean,
): (bpf: Bpf, report: Report) => void {
  const containers = containerColumns<Row>(shown, (row) => row);
  const deltas = new CounterDeltas();
  return (bpf, report) => {
    const counters = deltasOf(bpf.map("connections", Key, Bytes), deltas, (sums) => sums);
    const rows = Array.from(counters, ([key, sums]): Row => ({ ...key, ...sums }))
      .sort((a, b) => b.sent + b.received - a.sent - a.received);
    topSpace(report, !redraw);
    if (!noSummary) {
      topLine(report);
      report.line();
    }
    const [ipv4, ipv6] = [true, false].map((is4) =>
      rows.filter(({ flow }) => flow.family === AF_INET === is4)
    );
    if (report.json) report.table([...containers, ...jsonColumns], rows);
    else {
      if (ipv4!.length > 0) report.table([...containers, ...table("", 21)], ipv4!);
      if (ipv6!.length > 0) {
        report.line();
        report.table([...containers, ...table("6", 32)], ipv6!);
      }
    }
    reportDropped(bpf, report, "tcptop", "calls");
  };
}

const tcptop = defineTool({
  name: "tcptop",
  summary: "Summarize TCP send/recv throughput by connection, the busiest first, at intervals.",
  examples: [
    ["tcptop", "trace TCP send/recv by connection"],
    ["tcptop -C", "don't clear the screen"],
    ["tcptop -S", "skip the summary line"],
    ["tcptop -p 181", "only trace PID 181"],
    ["tcptop -4", "trace IPv4 family only"],
    ["tcptop 5 10", "5 second summaries, 10 times only"],
  ],
  object,
  options,
  sample: ["1"],
  plan(values, machine) {
    const { interval = INTERVAL_SECONDS } = values;
    const redraw = !values.noClear;
    return {
      intro: `Tracing... Output every ${interval} secs. Hit Ctrl-C to end`,
      interval,
      count: values.count,
      redraw,
      load: {
        ...filterSettings(values, { ...flowSettings(values), ...netnsSettings(values) }),
        programs: bytePrograms(machine),
      },
      records: [
        rowShape({
          ...values.pod && { pod: "text?" as const },
          ...values.container && { container: "text?" as const },
          pid: "id",
          comm: "text",
          laddr: "text",
          lport: "id",
          raddr: "text",
          rport: "id",
          netns: "id",
          rx_kb: "count",
          tx_kb: "count",
        }),
      ],
      report: reporter(values, redraw),
    };
  },
});

export default tcptop;

if (import.meta.main) await main(tcptop);
