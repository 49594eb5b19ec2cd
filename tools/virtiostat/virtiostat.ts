/**
 * virtiostat: show what goes through the queues of virtio devices, at intervals.
 *
 * USAGE: virtiostat [-T] [-d DRIVER] [-n DEVNAME] [-D] [--duration SECONDS] [--json] [interval] [count]
 *
 *     # virtiostat -d virtiofs
 *     Tracing virtio devices statistics ... Hit Ctrl-C to end.
 *     --------
 *             Driver   Device    VQ Name  In SGs Out SGs          In BW         Out BW
 *           virtiofs  virtio1 requests.0     885     204        3042054           6519
 *
 * SGs are the scatter-gather lists that a driver gives to a device, BW their bytes: In for those that the
 * device fills, as large as they could be filled, Out for those that it reads.
 *
 * Hooks: kprobes on virtqueue_add_sgs, virtqueue_add_outbuf, virtqueue_add_inbuf and
 * virtqueue_add_inbuf_ctx, functions of module virtio_ring. Drivers that map their memory themselves (virtio_net
 * since Linux 6.12) use others besides, which are not seen. There is no tracepoint in their place: a kernel
 * without kprobes, or without virtio, is refused. Of a request all lists are summed, where bcc's tool
 * looks at six. Tested on Linux 6.1 and 6.12, with a virtio file system.
 *
 * Its cost was not measured: the kernels that it was tested on run in emulation.
 */

import { type Bpf, chars, struct, u64 } from "../../mod.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, longOnly, text, UsageError, type Values } from "../../toolkit/options/options.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { intervalArgumentsEvery, standardOptions } from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./virtiostat.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const INTERVAL_SECONDS = 3;
const NAME_LENGTH = 16; // bytes, including the NUL

const options = {
  timestamp: flag({ short: "T", long: "timestamp", help: "show timestamp on output" }),
  driver: text({ short: "d", long: "driver", meta: "DRIVER", help: "filter for driver name" }),
  device: text({ short: "n", long: "devname", meta: "DEVNAME", help: "filter for device name" }),
  debug: programsFlag({ short: "D", long: "debug" }),
  ...intervalArgumentsEvery(INTERVAL_SECONDS),
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;

const Key = struct("key", { driver: chars(16), device: chars(16), queue: chars(16) });
const Sums = struct("sums", {
  in_lists: u64.asNumber,
  out_lists: u64.asNumber,
  in_bytes: u64.asNumber,
  out_bytes: u64.asNumber,
});
interface Row {
  readonly driver: string;
  readonly device: string;
  readonly queue: string;
  readonly in_lists: number;
  readonly out_lists: number;
  readonly in_bytes: number;
  readonly out_bytes: number;
}

const right = { align: "right" } as const;
const columns: readonly Column<Row>[] = [
  { head: "Driver", width: 14, ...right, value: ({ driver }) => driver },
  { head: "Device", width: 8, ...right, value: ({ device }) => device },
  { head: "VQ Name", key: "queue", width: 10, ...right, value: ({ queue }) => queue },
  { head: "In SGs", key: "in_sgs", width: 7, ...right, value: (row) => row.in_lists },
  { head: "Out SGs", key: "out_sgs", width: 7, ...right, value: (row) => row.out_lists },
  { head: "In BW", key: "in_bytes", width: 14, ...right, value: (row) => row.in_bytes },
  { head: "Out BW", key: "out_bytes", width: 14, ...right, value: (row) => row.out_bytes },
];

/** Returns the function that prints the counts since its last call. */
function reporter({ timestamp }: Values<typeof options>): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  return (bpf, report) => {
    const rows = [...deltasOf(bpf.map("queues", Key, Sums), deltas, (sums) => ({ ...sums }))]
      .map(([key, sums]): Row => ({ ...key, ...sums }))
      .sort((a, b) => a.device < b.device ? -1 : a.device > b.device ? 1 : 0);
    report.line(timestamp ? report.clock : "--------");
    report.table(columns, rows);
    reportDropped(bpf, report, "virtiostat", "requests");
  };
}

/** A name as the 64-bit words that the kernel side compares. @throws {UsageError} */
function nameWords(name = ""): bigint[] {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length >= NAME_LENGTH) {
    throw new UsageError(`no name is that long: expected at most ${NAME_LENGTH - 1} bytes`);
  }
  const padded = new Uint8Array(NAME_LENGTH);
  padded.set(bytes);
  return [...new BigUint64Array(padded.buffer)];
}

const FUNCTIONS = ["sgs", "outbuf", "inbuf", "inbuf_ctx"];

const virtiostat = defineTool({
  name: "virtiostat",
  summary: "Show what goes through the queues of virtio devices, at intervals.",
  examples: [
    ["virtiostat", `print ${INTERVAL_SECONDS} second summaries`],
    ["virtiostat 1 10", "print 1 second summaries, 10 times"],
    ["virtiostat -T", "show timestamps"],
    ["virtiostat -d virtio_blk", "only show virtio block devices"],
    ["virtiostat -n virtio0", "only show device virtio0"],
  ],
  object,
  options,
  sample: false, // not every kernel lets the functions be probed
  plan(values, machine) {
    const [first, ...also] = FUNCTIONS.map((name) => `kprobe:virtqueue_add_${name}`);
    return {
      intro: "Tracing virtio devices statistics ... Hit Ctrl-C to end.",
      interval: values.interval ?? INTERVAL_SECONDS,
      count: values.count,
      load: {
        globals: {
          target_driver: nameWords(values.driver),
          target_device: nameWords(values.device),
        },
        programs: chooseHooks("virtio queues", [
          { hook: first!, also, programs: FUNCTIONS.map((name) => `add_${name}`) },
        ], machine),
      },
      ...values.debug && { prepare: showPrograms },
      records: [
        rowShape({
          driver: "text",
          device: "text",
          queue: "text",
          in_sgs: "count",
          out_sgs: "count",
          in_bytes: "count",
          out_bytes: "count",
        }),
      ],
      report: reporter(values),
    };
  },
});

export default virtiostat;

if (import.meta.main) await main(virtiostat);
