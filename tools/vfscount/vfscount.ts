/**
 * vfscount: count calls of each function of the virtual file system.
 *
 * USAGE: vfscount [-p PID] [-d SECONDS] [--json] [time]
 *
 *     # vfscount -p 1234 5
 *     Tracing... Ctrl-C to end.
 *
 *     ADDR             FUNC                          COUNT
 *     ffffffff81459c90 vfs_mkdir                         5
 *     ffffffff81499a50 vfs_fsync_range                  11
 *     ffffffff814592b0 vfs_unlink                       29
 *     ffffffff814422a0 vfs_open                         38
 *
 * Functions are those whose names begin with vfs_. They call each other: one system call may count for
 * several.
 *
 * Hooks: kprobes, by one link where the kernel can (Linux >= 5.18, if it is built so), or else one by one.
 * There are no tracepoints in their place: a kernel without kprobes is refused. `funccount 'vfs_*'` has more
 * options.
 *
 * Overhead: an addition for each call, which comes with most system calls on files. It was not measured: only guests
 * have the hooks, and what they emulate tells nothing of time.
 */

import { type Bpf, KernelSymbols, sum, u32, u64 } from "../../mod.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { argument, number } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  filterOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { TargetTrace } from "../../toolkit/probes/pattern_trace.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./vfscount.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const PATTERN = "vfs_*";
const STEMS = ["on"];

const options = {
  ...filterOptions,
  time: argument(number({
    long: "time",
    meta: "time",
    help: "seconds to trace; without it until Ctrl-C",
    what: "a time in seconds",
    min: 0.001,
    max: 2147483,
    fraction: true,
  })),
  ...standardOptions,
} as const;

interface Row {
  readonly address: bigint | undefined;
  readonly name: string;
  readonly count: number;
}

const columns: readonly Column<Row>[] = [
  {
    head: "ADDR",
    width: 16,
    value: ({ address }) => address === undefined ? null : address.toString(16),
    text: ({ address }) => address?.toString(16) ?? "-",
  },
  { head: "FUNC", width: 26, value: ({ name }) => name },
  { head: "COUNT", width: 8, align: "right", value: ({ count }) => count },
];

function print(bpf: Bpf, report: Report, names: readonly string[]): void {
  const symbols = new KernelSymbols();
  const rows = [...bpf.perCpuMap("counts", u32, u64.asNumber)]
    .map(([index, perCpu]): Row => {
      const name = names[index]!;
      return { name, count: sum(perCpu), address: symbols.address(name) };
    })
    .filter(({ count }) => count > 0)
    .sort((a, b) => a.count - b.count);
  report.line();
  report.table(columns, rows);
}

const vfscount = defineTool({
  name: "vfscount",
  summary: "Count calls of each function of the virtual file system.",
  examples: [
    ["vfscount", "count until Ctrl-C"],
    ["vfscount 5", "count for 5 seconds"],
    ["vfscount -p 185 5", "what process 185 calls in 5 seconds"],
  ],
  object,
  options,
  sample: false, // not every kernel has kprobes
  plan(values, machine) {
    const filters = filterSettings(values);
    const way = { hook: "kprobe:vfs_read", programs: [] };
    chooseHooks("calls of the virtual file system", [way], machine);
    const trace = new TargetTrace("vfscount", {
      ...values,
      pattern: PATTERN,
      interval: undefined,
      timestamp: false,
      regexp: false,
    }, machine);
    const { names } = trace.hooks;
    return {
      intro: "Tracing... Ctrl-C to end.",
      interval: values.time,
      count: 1,
      load: {
        globals: filters.globals,
        maps: { ...filters.maps, counts: { maxEntries: names.length } },
        programs: trace.programs(STEMS, { onTracepoints: false }),
      },
      attach: (bpf) => trace.attach(bpf, STEMS),
      records: [rowShape({ addr: "text?", func: "text", count: "count" })],
      report: (bpf, report) => print(bpf, report, names),
    };
  },
});

export default vfscount;

if (import.meta.main) await main(vfscount);
