/**
 * netqtop: packets of a network interface, by queue and size.
 *
 * USAGE: netqtop -n NAME [-i SECONDS] [-t] [-d SECONDS] [--json]
 *
 *     # netqtop -n eth0 -t
 *     Sun Nov 29 09:05:01 2026
 *     TX
 *      QueueID    avg_size   [0, 64)    [64, 512)  [512, 2K)  [2K, 16K)  [16K, 64K) BPS        PPS
 *      0          88.0       0          9          0          0          0          792.0      9.0
 *      1          115.0      0          3          1          0          0          460.0      4.0
 *      Total      96.31      0          12         1          0          0          1.22K      13.0
 *
 *     RX
 *      QueueID    avg_size   [0, 64)    [64, 512)  [512, 2K)  [2K, 16K)  [16K, 64K) BPS        PPS
 *      …
 *
 * Sizes are those that the kernel hands to the driver, and takes from it without the Ethernet header:
 * with offloads more than a frame holds; packets of 64 KiB and more are in none of the columns. A driver
 * that does not tell the queue of what it received has all in queue 0. The interface is one of the tool's
 * own network namespace. Packets belong to no process, so there is no filter by process or container.
 *
 * Hooks: raw tracepoints net_dev_start_xmit and netif_receive_skb. Not seen: what XDP takes away before.
 */

import { array, type Bpf, struct, u16, u64 } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { netnsSettings } from "../../toolkit/net/netns.ts";
import { flowSettings } from "../../toolkit/net/flow.ts";
import { flag, number, text, UsageError } from "../../toolkit/options/options.ts";
import { standardOptions } from "../../toolkit/options/standard_options.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./netqtop.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const QUEUES_MAX = 1024;
const NAME_MAX = 15; // IFNAMSIZ without the NUL
const KIB = 1024;

const options = {
  name: text({ short: "n", long: "name", meta: "NAME", help: "the network interface" }),
  interval: number({
    short: "i",
    long: "interval",
    meta: "SECONDS",
    help: "seconds between reports (default 1)",
    what: "an interval in seconds",
    min: 0.001,
    max: 2147483,
    fraction: true,
  }),
  throughput: flag({ short: "t", long: "throughput", help: "show bytes and packets per second" }),
  ...standardOptions,
} as const;

const Key = struct("key", { queue: u16, is_received: u16 });
const Packets = struct("packets", {
  bytes: u64.asNumber,
  count: u64.asNumber,
  sizes: array(u64.asNumber, 5),
});

/** The traffic of one queue, or of all queues in a direction, since the last report. */
interface Row {
  readonly direction: "tx" | "rx";
  /** null: all queues. */
  readonly queue: number | null;
  readonly count: number;
  readonly bytes: number;
  readonly sizes: readonly number[];
  readonly seconds: number;
}

/** An interface from sysfs. @throws {UsageError} */
function findInterface(
  name: string,
  machine: Machine,
): { index: number; tx: number; rx: number } {
  const folder = `/sys/class/net/${name}`;
  if (name.length > NAME_MAX || !/^[^/\s]+$/.test(name) || !machine.exists(`${folder}/ifindex`)) {
    throw new UsageError(`there is no network interface ${JSON.stringify(name)}: see ip link`);
  }
  const queues = (kind: string) => {
    let count = 0;
    while (count < QUEUES_MAX && machine.exists(`${folder}/queues/${kind}-${count}`)) count++;
    return count;
  };
  return {
    index: Number(machine.readText(`${folder}/ifindex`)),
    tx: queues("tx"),
    rx: queues("rx"),
  };
}

/** `1.5K`, formatted as in bcc's tool; divided numbers have a decimal. */
function short(value: number, isFraction = false): string {
  const rounded = (number: number) => {
    const text = String(Math.round(number * 100) / 100);
    return isFraction && !text.includes(".") ? `${text}.0` : text;
  };
  if (value > 1e6) return `${Math.round(value / KIB ** 2 * 100) / 100}M`;
  if (value > 1e3) return `${Math.round(value / KIB * 100) / 100}K`;
  return rounded(value);
}

const average = ({ bytes, count }: Row) => count === 0 ? 0 : bytes / count;
const SIZES = ["[0, 64)", "[64, 512)", "[512, 2K)", "[2K, 16K)", "[16K, 64K)"];
const SIZE_KEYS = ["size_64", "size_512", "size_2k", "size_16k", "size_64k"];

function columns(throughput: boolean, json: boolean): Column<Row>[] {
  const width = 10;
  const rate = (head: string, value: (row: Row) => number): Column<Row> => ({
    head,
    width,
    value,
    text: (row) => short(value(row), true),
  });
  return [
    ...json ? [{ head: "direction", value: ({ direction }: Row) => direction }] : [],
    {
      head: " QueueID",
      key: "queue",
      width: width + 1,
      value: ({ queue }) => queue,
      text: ({ queue }) => ` ${queue ?? "Total"}`,
    },
    { head: "avg_size", width, value: average, text: (row) => short(average(row), row.count > 0) },
    ...SIZES.map((head, i): Column<Row> => ({
      head,
      key: SIZE_KEYS[i]!,
      width,
      value: ({ sizes }) => sizes[i]!,
      text: ({ sizes }) => short(sizes[i]!),
    })),
    ...json ? [{ head: "packets", value: ({ count }: Row) => count }] : [],
    ...json ? [{ head: "bytes", value: ({ bytes }: Row) => bytes }] : [],
    ...throughput || json
      ? [
        rate("BPS", ({ bytes, seconds }) => bytes / seconds),
        rate("PPS", ({ count, seconds }) => count / seconds),
      ]
      : [],
  ];
}

function reporter(queues: { tx: number; rx: number }, throughput: boolean) {
  const deltas = new CounterDeltas();
  return (bpf: Bpf, report: Report): void => {
    const { seconds } = report;
    const read = ({ bytes, count, sizes: [a, b, c, d, e] }: {
      bytes: number;
      count: number;
      sizes: number[];
    }) => ({ bytes, count, a: a!, b: b!, c: c!, d: d!, e: e! });
    const rows = Array.from(
      deltasOf(bpf.map("queues", Key, Packets), deltas, read),
      ([{ queue, is_received }, { bytes, count, a, b, c, d, e }]): Row => ({
        direction: is_received ? "rx" : "tx",
        queue,
        ...{ bytes, count, sizes: [a, b, c, d, e], seconds },
      }),
    );
    const day = report.time.toString().split(" ");
    report.line([day[0], day[1], day[2], report.clock, day[3]].join(" "));
    for (const direction of ["tx", "rx"] as const) {
      const some = rows.filter((row) => row.direction === direction);
      const none = { bytes: 0, count: 0, sizes: [0, 0, 0, 0, 0] };
      const length = Math.max(queues[direction], ...some.map(({ queue }) => queue! + 1));
      const all = Array.from(
        { length },
        (_, queue): Row =>
          some.find((row) => row.queue === queue) ?? { direction, queue, ...none, seconds },
      );
      report.line(direction.toUpperCase());
      report.table(columns(throughput, report.json), [...all, total(direction, some, seconds)]);
      if (direction === "tx") report.line();
    }
    report.line("-".repeat(throughput ? 95 : 77));
    reportDropped(bpf, report, "netqtop", "packets");
  };
}

function total(direction: "tx" | "rx", rows: readonly Row[], seconds: number): Row {
  const sum = (of: (row: Row) => number) => rows.reduce((sum, row) => sum + of(row), 0);
  return {
    direction,
    queue: null,
    bytes: sum(({ bytes }) => bytes),
    count: sum(({ count }) => count),
    sizes: SIZES.map((_, i) => sum(({ sizes }) => sizes[i]!)),
    seconds,
  };
}

const netqtop = defineTool({
  name: "netqtop",
  summary: "Show packets of a network interface by queue and size, at intervals.",
  examples: [
    ["netqtop -n eth0", "queues of eth0, every second"],
    ["netqtop -n eth0 -t", "with bytes and packets per second"],
    ["netqtop -n eth0 -i 10", "every 10 seconds"],
  ],
  object,
  options,
  sample: ["-n", "lo"],
  plan(values, machine) {
    if (values.name === undefined) throw new UsageError("expected a network interface: -n eth0");
    const found = findInterface(values.name, machine);
    return {
      interval: values.interval ?? 1,
      load: {
        globals: {
          ...flowSettings({ ipv4: false, ipv6: false }),
          ...netnsSettings({ netns: machine.namespaceInode("net") }),
          target_ifindex: found.index,
        },
      },
      records: [
        rowShape({
          direction: "text",
          queue: "id?",
          avg_size: "number",
          ...Object.fromEntries(SIZE_KEYS.map((key) => [key, "count"] as const)),
          packets: "count",
          bytes: "count",
          bps: "number",
          pps: "number",
        }),
      ],
      report: reporter(found, values.throughput),
    };
  },
});

export default netqtop;

if (import.meta.main) await main(netqtop);
