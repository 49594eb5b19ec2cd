/**
 * tcprtt: round-trip times of TCP connections, as a histogram.
 *
 * USAGE: tcprtt [-i SECONDS] [-d SECONDS] [-T] [-m] [-p PORT,PORT] [-P PORT,PORT] [-a ADDRESS]
 *               [-A ADDRESS] [-b | -B] [-e] [-4 | -6] [--netns INODE] [-D] [--json]
 *
 *     # tcprtt -e
 *     Tracing TCP RTT... Hit Ctrl-C to end.
 *
 *     All Addresses = ******* [AVG 36]
 *          usecs               : count     distribution
 *              0 -> 1          : 0        |                                        |
 *              2 -> 3          : 0        |                                        |
 *              4 -> 7          : 6        |********                                |
 *              8 -> 15         : 29       |****************************************|
 *
 * Each packet that an established connection receives counts once, by the kernel's smoothed estimate
 * at that moment, before the packet changes it. -b and -B make one histogram per local or remote
 * address. It happens in interrupts, so there is no filter by process or container.
 *
 * Hooks: raw tracepoint tcp_probe (Linux 4.16), at the begin of tcp_rcv_established.
 */

import { type Bpf, histogramSections, type Infer, ipv6, struct, u16, u32, u64 } from "../../mod.ts";
import { address, familyOptions, flowSettings, ports } from "../../toolkit/net/flow.ts";
import { requireVersions } from "../../toolkit/net/address_family.ts";
import { parseAddress, type Subnet } from "../../toolkit/net/subnets.ts";
import { netnsFilter, netnsSettings } from "../../toolkit/net/netns.ts";
import {
  flag,
  number,
  type Option,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";
import { standardOptions } from "../../toolkit/options/standard_options.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./tcprtt.bpf.o.ts";
import { histogramShape } from "../../toolkit/records/record_shape.ts";

/** An option for an IP address, parsed as a subnet with only this address. */
function addressOption(short: string, long: string, help: string): Option<Subnet | undefined> {
  return {
    short,
    long,
    help,
    meta: "ADDRESS",
    initial: undefined,
    parse(value) {
      const address = parseAddress(value);
      if (!address) throw new UsageError("expected an IPv4 or IPv6 address");
      return address;
    },
  };
}

/** An address as the 16 bytes of struct flow. */
function bytesOf({ network }: Subnet): number[] {
  return [...new Uint8Array(BigUint64Array.from(network).buffer)];
}

const options = {
  interval: number({
    short: "i",
    long: "interval",
    meta: "SECONDS",
    help: "summary interval, in seconds; without it one report at the end",
    what: "an interval in seconds",
    min: 0.001,
    max: 2147483,
    fraction: true,
  }),
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  milliseconds: flag({ short: "m", long: "milliseconds", help: "millisecond histogram" }),
  local: ports({ short: "p", long: "lport", meta: "PORT,PORT", help: "filter for local ports" }),
  remote: ports({ short: "P", long: "rport", meta: "PORT,PORT", help: "filter for remote ports" }),
  localAddress: addressOption("a", "laddr", "filter for local address"),
  remoteAddress: addressOption("A", "raddr", "filter for remote address"),
  byLocal: flag({ short: "b", long: "byladdr", help: "show sockets histogram by local address" }),
  byRemote: flag({ short: "B", long: "byraddr", help: "show sockets histogram by remote address" }),
  extension: flag({ short: "e", long: "extension", help: "show extension summary (average)" }),
  ...familyOptions,
  ...netnsFilter,
  debug: programsFlag({ short: "D", long: "debug" }),
  ...standardOptions,
} as const;

const Address = struct("address", { bytes: ipv6, family: u16, unused: u16 });
type Address = Infer<typeof Address>;
const Key = struct("key", { address: Address, slot: u32 });
const Sum = struct("sum", { total: u64.asNumber, count: u64.asNumber });

const textOf = ({ family, bytes }: Address): string | undefined =>
  family === 0 ? undefined : address({ family, local: bytes, remote: bytes }, "local");

function reporter(values: Values<typeof options>): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const valueType = values.milliseconds ? "msecs" : "usecs";
  const sectionHeader = values.byLocal
    ? "Local Address"
    : values.byRemote
    ? "Remote Address"
    : "All Addresses";
  return (bpf, report) => {
    const times = deltasOf(bpf.map("times", Key, u64.asNumber), deltas, (count) => ({ count }));
    const entries = Array.from(times, ([key, { count }]) => [key, count] as const);
    const averages = new Map<string | undefined, number>();
    for (
      const [key, { total, count }] of deltasOf(bpf.map("sums", Address, Sum), deltas, (sum) => sum)
    ) {
      averages.set(textOf(key), Math.floor(total / count));
    }
    const sections = histogramSections(entries, ({ address, slot }) => [textOf(address), slot]);
    report.line();
    if (values.timestamp) report.line(report.clock);
    report.histograms(sections, {
      valueType,
      sectionHeader,
      formatSection(section) {
        const average = values.extension ? ` [AVG ${averages.get(section)}]` : "";
        return `${section ?? "*******"}${average}`;
      },
      members: (section) => ({
        ...values.byLocal ? { laddr: section } : {},
        ...values.byRemote ? { raddr: section } : {},
        average: averages.get(section),
      }),
    });
    reportDropped(bpf, report, "tcprtt", "packets");
  };
}

const tcprtt = defineTool({
  name: "tcprtt",
  summary: "Summarize TCP RTT as a histogram.",
  examples: [
    ["tcprtt", "summarize TCP RTT"],
    ["tcprtt -i 1 -d 10", "print 1 second summaries, 10 times"],
    ["tcprtt -m -T", "summarize in milliseconds, and timestamps"],
    ["tcprtt -p 443", "filter for local port 443"],
    ["tcprtt -P 443", "filter for remote port 443"],
    ["tcprtt -a 192.0.2.2", "filter for local address"],
    ["tcprtt -A 2001:db8::2", "filter for remote address"],
    ["tcprtt -B -e", "one histogram per remote address, with averages"],
    ["tcprtt -4", "trace IPv4 family only"],
  ],
  object,
  options,
  plan(values) {
    if (values.byLocal && values.byRemote) {
      throw new UsageError("use either -b/--byladdr or -B/--byraddr, not both");
    }
    const { localAddress, remoteAddress } = values;
    const addresses = { localAddress, remoteAddress };
    requireVersions(options, values, addresses, { of: "connection", mapped: true });
    const none = Array<number>(16).fill(0);
    return {
      intro: "Tracing TCP RTT... Hit Ctrl-C to end.",
      interval: values.interval,
      load: {
        globals: {
          ...flowSettings(values, values),
          ...netnsSettings(values),
          unit_us: values.milliseconds ? 1000 : 1,
          by_local: values.byLocal,
          by_remote: values.byRemote,
          has_local: localAddress !== undefined,
          has_remote: remoteAddress !== undefined,
          local_address: localAddress ? bytesOf(localAddress) : none,
          remote_address: remoteAddress ? bytesOf(remoteAddress) : none,
        },
      },
      ...values.debug && { prepare: showPrograms },
      records: [
        histogramShape({
          ...values.byLocal && { laddr: "text" as const },
          ...values.byRemote && { raddr: "text" as const },
          "average?": "number",
        }),
      ],
      report: reporter(values),
    };
  },
});

export default tcprtt;

if (import.meta.main) await main(tcprtt);
