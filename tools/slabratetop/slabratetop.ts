/**
 * slabratetop: the kernel's slab caches by what is taken from them, the busiest first.
 *
 * USAGE: slabratetop [-C] [-r MAXROWS] [-s SORT] [-p PID] [-d SECONDS] [--json] [interval] [count]
 *
 *     # slabratetop -C
 *     Tracing... Output every 1 secs. Hit Ctrl-C to end
 *
 *     08:13:29 loadavg: 2.55 5.67 4.45 6/161 28781
 *     CACHE                            ALLOCS      BYTES
 *     names_cache                        1058    4333568
 *     file_lock_cache                    3531     677952
 *     maple_node                         1756     449536
 *     vm_area_struct                     1015     194880
 *     filp                                802     153984
 *
 * BYTES are those of the cache's objects, with what the allocator adds to each.
 *
 * Hooks: raw tracepoint kmem_cache_alloc, whose cache is asked for its name: on every kernel from 5.19 on, also
 * since 6.8, where bcc's tool no longer works. What kmalloc() takes has a tracepoint of its own, which
 * does not tell the cache, and is left out as it is in bcc.
 *
 * Overhead: two look-ups per allocation, of which a busy machine makes hundreds of thousands a second.
 */

import { cast, hash, kernel, kernelString, rawTracepoint } from "../../kernel.ts";
import { taskFilter } from "../../toolkit/kernel/task/filter.ts";
import { type Bpf, chars, struct, u64, UnsupportedError } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { type Option, UsageError, type Values } from "../../toolkit/options/options.ts";
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
import { rowShape } from "../../toolkit/records/record_shape.ts";

const SORTS = ["name", "count", "size"] as const;
type Sort = typeof SORTS[number];

const options = {
  ...topOptions,
  sort: {
    short: "s",
    long: "sort",
    meta: "SORT",
    help: `sort by ${SORTS.join(", ")} (default size)`,
    initial: "size",
    parse(value) {
      const sort = SORTS.find((each) => each === value);
      if (sort !== undefined) return sort;
      throw new UsageError(`expected one of ${SORTS.join(", ")}`);
    },
  } satisfies Option<Sort> as Option<Sort>,
  pid: filterOptions.pid,
  ...topArguments,
  ...containerOptions,
  ...standardOptions,
} as const;

const Key = struct("key", { name: chars(32) });
const Sums = struct("sums", { count: u64.asNumber, bytes: u64.asNumber });

const code = kernel({
  use: [taskFilter],
  // Counts since an entry was created; the reader deletes entries that stay unchanged.
  maps: { caches: hash(Key, Sums, { dropped: "dropped" }) },
}, {
  // The cache is the third argument since Linux 5.19; refuseOldKernel() refuses older kernels.
  allocated: rawTracepoint("kmem_cache_alloc", ({ args }, { caches, isWanted }) => {
    if (!isWanted()) return;
    const cache = cast(args[2]!, "struct kmem_cache");
    const sums = caches.getOrInsert({ name: kernelString(cache.name) }, { count: 0, bytes: 0 });
    if (sums === undefined) return;
    sums.count += 1;
    sums.bytes += cache.size;
  }),
});

interface Row {
  readonly name: string;
  readonly count: number;
  readonly bytes: number;
}

const columns: readonly Column<Row>[] = [
  { head: "CACHE", width: 32, value: ({ name }) => name },
  { head: "ALLOCS", width: 6, align: "right", value: ({ count }) => count },
  { head: "BYTES", width: 10, align: "right", value: ({ bytes }) => bytes },
];

const ORDERS: Readonly<Record<Sort, (a: Row, b: Row) => number>> = {
  name: (a, b) => a.name < b.name ? -1 : 1,
  count: (a, b) => b.count - a.count,
  size: (a, b) => b.bytes - a.bytes,
};

/** @throws {UnsupportedError} before Linux 5.19: kmem_cache_alloc has no argument for the cache */
function refuseOldKernel(machine: Machine): void {
  // The field "accounted" came with that argument. The record is one of two structs, by version.
  const records = ["trace_event_raw_kmem_alloc", "trace_event_raw_kmem_cache_alloc"];
  if (records.some((each) => machine.structHasField(each, "accounted").answer !== "no")) return;
  throw new UnsupportedError(
    "trace slab caches",
    "caches of allocations",
    "tracepoint kmem:kmem_cache_alloc of this kernel tells no cache",
    "5.19",
  );
}

/** Returns the function that prints the busiest caches since its last call. */
function reporter(
  { maxRows = TOP_ROWS, sort, noClear }: Values<typeof options>,
): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  return (bpf, report) => {
    const rows = [...deltasOf(bpf.map("caches", Key, Sums), deltas, (sums) => ({ ...sums }))]
      .map(([{ name }, sums]) => ({ name, ...sums }))
      .sort(ORDERS[sort]);
    topSpace(report, noClear);
    topLine(report);
    report.table(columns, rows.slice(0, maxRows));
    reportDropped(bpf, report, "slabratetop", "allocations");
  };
}

const slabratetop = defineTool({
  name: "slabratetop",
  summary: "Show the kernel's slab caches by what is taken from them, at intervals.",
  examples: [
    ["slabratetop", "slab allocation rate top, 1 second refresh"],
    ["slabratetop -C", "don't clear the screen"],
    ["slabratetop -p 181", "only what process 181 makes the kernel take"],
    ["slabratetop -s count", "the most allocations first"],
    ["slabratetop 5 10", "5 second summaries, 10 times only"],
  ],
  object: code,
  options,
  sample: ["1"],
  plan(values, machine) {
    refuseOldKernel(machine);
    return {
      ...topPlan(values),
      load: filterSettings(values),
      records: [rowShape({ cache: "text", allocs: "count", bytes: "count" })],
      report: reporter(values),
    };
  },
});

export default slabratetop;

if (import.meta.main) await main(slabratetop);
