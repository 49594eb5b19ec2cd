/**
 * numamove: show how many pages are moved to the NUMA node that uses them, and how long that takes.
 *
 * USAGE: numamove [-p PID] [-t TID] [-u UID] [-n NAME] [-v] [-d SECONDS] [--json] [interval] [count]
 *
 *     # numamove
 *     TIME           NUMA_migrations NUMA_migrations_ms
 *     12:02:31                     0                  0
 *     12:02:32                    14                  3
 *
 * These are moves by automatic NUMA balancing (sysctl kernel.numa_balancing), of pages that lie at another
 * node than the thread that touches them. Each row tells what there was since the one before. It was seen to
 * count on Linux 6.1 and 6.12, in guests with two nodes; where there is one, it tells zeros.
 *
 * Hooks: migrate_misplaced_folio, before Linux 6.7 migrate_misplaced_page, by fentry and fexit; where these
 * cannot be probed, raw tracepoints mm_migrate_pages_start and mm_migrate_pages with this reason, which count
 * attempts of one or more pages.
 */

import {
  fentry,
  fexit,
  functions,
  hash,
  kernel,
  ktime,
  rawTracepoint,
  signed,
  tid,
  unsigned,
} from "../../kernel.ts";
import { taskFilter } from "../../toolkit/kernel/task/filter.ts";
import { type Bpf, u32, u64 } from "../../mod.ts";
import { CounterDeltas } from "../../toolkit/output/counter_deltas.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { main } from "../../toolkit/run/main.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  filterOptions,
  filterSettings,
  intervalArgumentsEvery,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const INTERVAL_SECONDS = 1;

const options = {
  verbose: programsFlag({ short: "v", long: "verbose" }),
  ...filterOptions,
  ...intervalArgumentsEvery(INTERVAL_SECONDS),
  ...standardOptions,
} as const;

const moves = functions({
  use: [taskFilter],
  maps: { moves: hash(u32, u64, { dropped: "dropped" }) },
  globals: { migrations: u64, total_ns: u64 },
}, (outside) => ({
  begin() {
    if (outside.isWanted()) outside.moves.set(tid(), ktime());
  },
  end() {
    const start = outside.moves.get(tid());
    if (start === undefined) return;
    const ns = signed(ktime() - start);
    outside.migrations += 1n;
    if (ns > 0n) outside.total_ns += unsigned(ns);
    outside.moves.delete(tid());
  },
}));

/** The kernel side. */
export const code = kernel({
  use: [moves],
  constants: { NUMA_MISPLACED: 5 }, // MR_NUMA_MISPLACED of enum migrate_reason
}, {
  // The function has a folio since Linux 6.7, a page before.
  begin_folio: fentry("migrate_misplaced_folio", (_, { begin }) => begin()),
  end_folio: fexit("migrate_misplaced_folio", (_, { end }) => end()),
  begin_page: fentry("migrate_misplaced_page", (_, { begin }) => begin()),
  end_page: fexit("migrate_misplaced_page", (_, { end }) => end()),
  // The reason is the last argument of both functions; the first argument identifies the migration
  // that ends.
  migration_begins: rawTracepoint("mm_migrate_pages_start", ({ args }, outside) => {
    if (unsigned(args[1]!, 32) === BigInt(outside.NUMA_MISPLACED)) outside.begin();
  }),
  migration_ends: rawTracepoint("mm_migrate_pages", (_, { end }) => end()),
});

interface Row {
  readonly clock: string;
  readonly migrations: number;
  readonly ns: number;
}

/** Returns the function that prints the migrations since its last call. */
function reporter(): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  let isFirst = true;
  return (bpf, report) => {
    const since = (name: string) => deltas.since(name, bpf.global(name, u64.asNumber).value);
    const row = { clock: report.clock, migrations: since("migrations"), ns: since("total_ns") };
    const columns = [
      ...report.json ? [] : [{ head: "TIME", width: 10, value: ({ clock }: Row) => clock }],
      {
        head: "NUMA_migrations",
        width: 18,
        align: "right",
        value: ({ migrations }: Row) => migrations,
      },
      {
        head: "NUMA_migrations_ms",
        width: 18,
        align: "right",
        value: ({ ns }: Row) => Math.floor(ns / 1e6),
      },
    ] as const;
    report.table(columns, [row], { heading: isFirst });
    isFirst = false;
    reportDropped(bpf, report, "numamove", "migrations");
  };
}

const numamove = defineTool({
  name: "numamove",
  summary: "Show moves of misplaced pages between NUMA nodes, per second.",
  examples: [
    ["numamove", "a line each second"],
    ["numamove 5 10", "5 second summaries, 10 times"],
    ["numamove -p 181", "only what process 181 touches"],
  ],
  object: code,
  options,
  sample: ["1"],
  plan(values, machine) {
    const programs = chooseHooks("moves of misplaced pages", [
      { hook: "fentry:migrate_misplaced_folio", programs: ["begin_folio", "end_folio"] },
      { hook: "fentry:migrate_misplaced_page", programs: ["begin_page", "end_page"] },
      {
        hook: "tracepoint:migrate:mm_migrate_pages_start",
        also: ["tracepoint:migrate:mm_migrate_pages"],
        programs: ["migration_begins", "migration_ends"],
      },
    ], machine);
    return {
      interval: values.interval ?? INTERVAL_SECONDS,
      count: values.count,
      load: { ...filterSettings(values), programs },
      ...values.verbose && { prepare: showPrograms },
      records: [rowShape({ numa_migrations: "count", numa_migrations_ms: "count" })],
      report: reporter(),
    };
  },
});

export default numamove;

if (import.meta.main) await main(numamove);
