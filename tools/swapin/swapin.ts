/**
 * swapin: count what processes bring back from swap.
 *
 * USAGE: swapin [-T] [-d SECONDS] [--json] [interval] [count]
 *
 *     # swapin 2
 *     Counting swap ins. Ctrl-C to end.
 *     02:48:19
 *     COMM             PID    COUNT
 *     python3          491    97
 *     02:48:21
 *     COMM             PID    COUNT
 *
 * Each page that is read counts, or each group of them that the kernel reads as one, with those that it
 * reads ahead. What is still in memory although it was given a place in swap is not read.
 *
 * Hooks: fentry or kprobe on swap_read_folio, or swap_readpage until Linux 6.9. Kernels that let neither
 * be probed have no tracepoint that tells.
 *
 * Overhead: a look-up per read, which is small beside the read.
 */

import { comm, fentry, functions, hash, kernel, kprobe } from "../../kernel.ts";
import { taskFilter } from "../../toolkit/kernel/task/filter.ts";
import { taskNumbers } from "../../toolkit/kernel/task/numbers.ts";
import { type Bpf, chars, struct, u32, u64 } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  filterSettings,
  intervalArgumentsEvery,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const INTERVAL_SECONDS = 1;

const options = {
  noTime: flag({ short: "T", long: "notime", help: "do not show the timestamp (HH:MM:SS)" }),
  ...intervalArgumentsEvery(INTERVAL_SECONDS),
  ...containerOptions,
  ...standardOptions,
} as const;

const Key = struct("key", { pid: u32, comm: chars(16) });
const reads = functions({
  use: [taskFilter, taskNumbers],
  // Counts since an entry was created; the reader deletes entries that stay unchanged.
  maps: { processes: hash(Key, u64, { dropped: "dropped" }) },
}, ({ processes, isWanted, processNumber }) => ({
  count() {
    if (isWanted()) processes.increment({ pid: processNumber(), comm: comm() });
  },
}));

const code = kernel({ use: [reads] }, {
  fentry_swap_read_folio: fentry("swap_read_folio", (_, { count }) => count()),
  kprobe_swap_read_folio: kprobe("swap_read_folio", (_, { count }) => count()),
  // Before Linux 6.9 the function is called swap_readpage.
  fentry_swap_readpage: fentry("swap_readpage", (_, { count }) => count()),
  kprobe_swap_readpage: kprobe("swap_readpage", (_, { count }) => count()),
});

interface Row {
  readonly pid: number;
  readonly comm: string;
  readonly count: number;
}

const columns: readonly Column<Row>[] = [
  { head: "COMM", width: 16, value: ({ comm }) => comm },
  { head: "PID", width: 6, value: ({ pid }) => pid },
  { head: "COUNT", value: ({ count }) => count },
];

/** Returns the function that prints the counts since its last call. */
function reporter(withTime: boolean): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  return (bpf, report) => {
    const processes = bpf.map("processes", Key, u64.asNumber);
    const rows = [...deltasOf(processes, deltas, (count) => ({ count }))]
      .map(([key, { count }]): Row => ({ ...key, count }))
      .sort((a, b) => a.count - b.count);
    if (withTime) report.line(report.clock);
    report.table(columns, rows);
    report.line();
    reportDropped(bpf, report, "swapin", "reads");
  };
}

/** The program for this kernel's function that swaps pages in. */
const programs = (machine: Machine) =>
  chooseHooks(
    "what is read from swap",
    ["swap_read_folio", "swap_readpage"].flatMap((name) =>
      (["fentry", "kprobe"] as const).map((kind) => ({
        hook: `${kind}:${name}`,
        programs: [`${kind}_${name}`],
      }))
    ),
    machine,
  );

const swapin = defineTool({
  name: "swapin",
  summary: "Count what processes bring back from swap.",
  examples: [
    ["swapin", "count swap-ins by process, each second"],
    ["swapin -T 5", "each 5 seconds, without the time"],
  ],
  object: code,
  options,
  sample: false, // not every kernel lets the functions be probed
  plan(values, machine) {
    return {
      intro: "Counting swap ins. Ctrl-C to end.",
      interval: values.interval ?? INTERVAL_SECONDS,
      count: values.count,
      load: { ...filterSettings(values), programs: programs(machine) },
      records: [rowShape({ comm: "text", pid: "id", count: "count" })],
      report: reporter(!values.noTime),
    };
  },
});

export default swapin;

if (import.meta.main) await main(swapin);
