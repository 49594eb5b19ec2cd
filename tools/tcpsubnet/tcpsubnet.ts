/**
 * tcpsubnet: bytes sent over TCP, by the subnet that they go to.
 *
 * USAGE: tcpsubnet [-f bkmBKM] [-i SECONDS] [-p PID] [--netns INODE] [-d SECONDS] [--cgroup PATH]
 *                  [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [-J] [-v] [subnets]
 *
 *     # tcpsubnet 10.0.0.0/8,0.0.0.0/0,::/0
 *     Tracing... Output every 1 secs. Hit Ctrl-C to end
 *     [11/29/26 08:45:10]
 *     0.0.0.0/0               5120
 *     ::/0                     130
 *
 * What is sent counts for the first subnet in the list that the receiver is in; what is in none does
 * not count. An IPv6 socket that talks IPv4 (::ffff:10.0.0.1) sends to IPv4 subnets. Bytes are those of
 * the programs, when the call that sends them returns; bcc's tool counts what a call asks for, which
 * may be more. A row is of no process: filters choose whose bytes count. Without a list: 127.0.0.1/32,
 * 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 0.0.0.0/0.
 *
 * Hooks: raw tracepoint sock_send_length (Linux 6.3); without it fexit of tcp_sendmsg and, before Linux
 * 6.5, tcp_sendpage. Without the tracepoint MPTCP is not seen, whose sockets are not TCP's.
 */

import { array, type Bpf, u64 } from "../../mod.ts";
import { flowSettings } from "../../toolkit/net/flow.ts";
import { netnsFilter, netnsSettings } from "../../toolkit/net/netns.ts";
import { bytePrograms } from "../../toolkit/net/tcp_bytes.ts";
import { argument, number, type Option, text, UsageError } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  filterOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas } from "../../toolkit/output/counter_deltas.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { parseSubnets, SUBNETS_MAX } from "../../toolkit/net/subnets.ts";
import object from "./tcpsubnet.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const DEFAULT = "127.0.0.1/32,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,0.0.0.0/0";

/** By `--format`: the number of bytes per unit (bits for b, k, m). */
const UNITS: Readonly<Record<string, number>> = {
  ...{ b: 1 / 8, k: 1024 / 8, m: 1024 ** 2 / 8, B: 1, K: 1024, M: 1024 ** 2 },
};

const options = {
  format: {
    short: "f",
    long: "format",
    meta: "UNIT",
    help: "b, k, m, B, K or M: bits, Kbits, Mbits, bytes, KBytes, MBytes (default B)",
    initial: "B",
    parse(value) {
      if (value in UNITS) return value;
      throw new UsageError("expected one of b, k, m, B, K, M");
    },
  } satisfies Option<string> as Option<string>,
  interval: number({
    short: "i",
    long: "interval",
    meta: "SECONDS",
    help: "output interval, in seconds (default 1)",
    what: "an interval in seconds",
    min: 0.001,
    max: 2147483,
    fraction: true,
  }),
  subnets: argument(text({
    long: "subnets",
    meta: "subnets",
    help: "subnets, separated by commas; each byte counts for the first that fits",
  })),
  verbose: programsFlag({ short: "v", long: "verbose" }),
  pid: filterOptions.pid,
  ...netnsFilter,
  ...containerOptions,
  ...standardOptions,
  json: { ...standardOptions.json, short: "J" },
} as const;

interface Row {
  readonly subnet: string;
  readonly bytes: number;
}

const columns = (unit: string): Column<Row>[] => [
  { head: "SUBNET", width: 21, value: ({ subnet }) => subnet },
  {
    head: "SEND",
    width: 6,
    align: "right",
    value: ({ bytes }) => bytes / UNITS[unit]!,
    text: ({ bytes }) => String(Math.floor(bytes / UNITS[unit]!)),
  },
];

/** Returns the function that prints the bytes sent since its last call, the most first. */
function reporter(names: readonly string[], unit: string): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const date = new Intl.DateTimeFormat("en-US", { dateStyle: "short" });
  return (bpf, report) => {
    const sent = bpf.global("sent_bytes", array(u64.asNumber, SUBNETS_MAX)).value;
    const rows = names.map((subnet, i) => ({ subnet, bytes: deltas.since(`${i}`, sent[i]!) }))
      .filter(({ bytes }) => bytes > 0)
      .sort((a, b) => b.bytes - a.bytes);
    report.line(`[${date.format(report.time)} ${report.clock}]`);
    report.table(columns(unit), rows, { heading: false });
  };
}

const tcpsubnet = defineTool({
  name: "tcpsubnet",
  summary: "Summarize TCP send and aggregate by subnet.",
  examples: [
    ["tcpsubnet", "trace TCP sent to the default subnets"],
    ["tcpsubnet -f K", "trace TCP sent to the default subnets, in KBytes"],
    ["tcpsubnet 10.80.0.0/24", "trace TCP sent to 10.80.0.0/24 only"],
    ["tcpsubnet ::1/128,::/0", "IPv6 to this machine, and to others"],
    ["tcpsubnet -J", "format the output as JSON"],
  ],
  object,
  options,
  plan(values, machine) {
    const { interval = 1 } = values;
    const subnets = parseSubnets(values.subnets ?? DEFAULT);
    const none = { network: [0n, 0n], mask: [0n, 0n] };
    const filler = Array.from({ length: SUBNETS_MAX - subnets.length }, () => none);
    return {
      intro: `Tracing... Output every ${interval} secs. Hit Ctrl-C to end`,
      interval,
      load: {
        ...filterSettings(values, {
          ...flowSettings({ ipv4: false, ipv6: false }),
          ...netnsSettings(values),
          subnets_count: subnets.length,
          subnets: [...subnets.map(([, subnet]) => subnet), ...filler],
        }),
        programs: bytePrograms(machine),
      },
      ...values.verbose && { prepare: showPrograms },
      records: [rowShape({ subnet: "text", send: "count" })],
      report: reporter(subnets.map(([name]) => name), values.format),
    };
  },
});

export default tcpsubnet;

if (import.meta.main) await main(tcpsubnet);
