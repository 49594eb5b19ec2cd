/**
 * biotop: block device I/O by process, the busiest first.
 *
 * USAGE: biotop [-C] [-r MAXROWS] [-p PID] [-d SECONDS] [--json] [interval] [count]
 *
 *     # biotop -C
 *     Tracing... Output every 1 secs. Hit Ctrl-C to end
 *
 *     20:11:27 loadavg: 3.01 4.55 4.45 2/99 27796
 *
 *     PID     COMM             D MAJ MIN DISK       I/O  Kbytes  AVGms
 *     27781   dd               R 7   0   loop0       50    3200   0.01
 *     27780   dd               W 7   0   loop0      150     600   0.00
 *     27795   rm               D 254 0   vda          5      20   0.06
 *     14804   bash             W 254 0   vda          2       8   0.06
 *
 * D is what the requests do: R(ead), W(rite), F(lush), D(iscard), N for others. The process is the
 * one that queued the request: for writes from the page cache mostly a kernel thread.
 *
 * Hooks: raw tracepoints block_io_start, block_rq_issue, block_io_done and, for flushes,
 * block_rq_complete (Linux 6.5 and later), or block_rq_insert, block_rq_issue and
 * block_rq_complete. Devices on top of others, such as dm and md, have no requests of their own.
 *
 * A flush that the disk gets is shown with the process that asked for it, the first one if it serves
 * several. Before Linux 6.5 it is shown with the thread that gave it to the disk, mostly a kernel
 * thread; so is then a write that must be on the medium before it is done.
 *
 * Overhead: about 1.3 µs per request in the kernel; the counts stay there until a report.
 */

import { type Bpf, chars, type Infer, struct, u32, u64 } from "../../mod.ts";
import {
  blockPrograms,
  DiskNames,
  isQueueFirst,
  numbersOf,
  operationOf,
} from "../../toolkit/block/block.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas } from "../../toolkit/output/counter_deltas.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  filterOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import {
  TOP_ROWS,
  topArguments,
  topLine,
  topOptions,
  topPlan,
  topSpace,
} from "../../toolkit/output/top.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./biotop.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const options = {
  ...topOptions,
  pid: filterOptions.pid,
  ...topArguments,
  ...containerOptions,
  ...standardOptions,
} as const;

const Key = struct("key", { pid: u32, device: u32, operation: u32, comm: chars(16) });
const Sums = struct("sums", { count: u64.asNumber, bytes: u64.asNumber, time: u64.asNumber });
type Row = Infer<typeof Key> & Infer<typeof Sums>;

function columns(disks: DiskNames): Column<Row>[] {
  return [
    { head: "PID", width: 7, value: ({ pid }) => pid },
    { head: "COMM", width: 16, value: ({ comm }) => comm },
    { head: "D", width: 1, value: ({ operation }) => operationOf(operation) },
    { head: "MAJ", width: 3, value: ({ device }) => numbersOf(device)[0] },
    { head: "MIN", width: 3, value: ({ device }) => numbersOf(device)[1] },
    { head: "DISK", width: 8, value: ({ device }) => disks.name(device) },
    { head: "I/O", key: "io", width: 5, align: "right", value: ({ count }) => count },
    {
      head: "Kbytes",
      width: 7,
      align: "right",
      value: ({ bytes }) => bytes / 1024,
      text: ({ bytes }) => String(Math.floor(bytes / 1024)),
    },
    {
      head: "AVGms",
      key: "avg_ms",
      width: 6,
      align: "right",
      digits: 2,
      value: ({ time, count }) => time / count / 1e6,
    },
  ];
}

/** The counts since the map was last read. */
function* deltasOf(bpf: Bpf, deltas: CounterDeltas): Generator<Row> {
  const processes = bpf.map("processes", Key, Sums);
  for (const [key, sums] of [...processes]) {
    const name = `${key.pid},${key.device},${key.operation},${key.comm}`;
    const since = ({ count, bytes, time }: Infer<typeof Sums>): Row => ({
      ...key,
      count: deltas.since(`${name} count`, count),
      bytes: deltas.since(`${name} bytes`, bytes),
      time: deltas.since(`${name} time`, time),
    });
    let row = since(sums);
    // No requests since the last report: the process may have ended, so its entry is deleted, and
    // requests counted since the map was read are reported now.
    if (row.count === 0) {
      row = since(processes.lookupAndDelete(key) ?? sums);
      for (const part of ["count", "bytes", "time"]) deltas.forget(`${name} ${part}`);
    }
    if (row.count > 0) yield row;
  }
}

/** Returns the function that prints the busiest processes since its last call. */
function reporter(maxRows: number, noClear: boolean): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const table = columns(new DiskNames());
  return (bpf, report) => {
    const rows = [...deltasOf(bpf, deltas)].sort((a, b) => b.bytes - a.bytes || b.count - a.count);
    topSpace(report, noClear);
    topLine(report);
    report.line();
    report.table(table, rows.slice(0, maxRows));
    reportDropped(bpf, report, "biotop", "requests");
  };
}

const biotop = defineTool({
  name: "biotop",
  summary: "Show block device I/O by process, the busiest first, at intervals.",
  examples: [
    ["biotop", "block device I/O top, 1 second refresh"],
    ["biotop -C", "don't clear the screen"],
    ["biotop -p 181", "only trace process 181"],
    ["biotop 5", "5 second summaries"],
    ["biotop 5 10", "5 second summaries, 10 times only"],
  ],
  object,
  options,
  sample: ["1"],
  plan(values, machine) {
    return {
      ...topPlan(values),
      load: {
        ...filterSettings(values, { is_queue_first: isQueueFirst(machine) }),
        programs: blockPrograms(machine),
      },
      records: [
        rowShape({
          pid: "id",
          comm: "text",
          d: "text",
          maj: "id",
          min: "id",
          disk: "text",
          io: "count",
          kbytes: "count",
          avg_ms: "number",
        }),
      ],
      report: reporter(values.maxRows ?? TOP_ROWS, values.noClear),
    };
  },
});

export default biotop;

if (import.meta.main) await main(biotop);
