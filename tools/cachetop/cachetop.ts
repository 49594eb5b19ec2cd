/**
 * cachetop: hits and misses of the page cache by process, the busiest first.
 *
 * USAGE: cachetop [-p PID] [-s COLUMN] [--ascending] [-C] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [--json]
 *                 [interval] [count]
 *
 *     # cachetop 2
 *     11:51:30 Buffers MB: 305 / Cached MB: 5003 / Sort: HITS / Order: descending
 *     PID      UID      CMD                  HITS   MISSES  DIRTIES  READ_HIT% WRITE_HIT%
 *     23452    root     deno                 6149       31     3343      45.4%       0.2%
 *     23742    root     deno                 5583       25       90      97.9%       0.0%
 *     23692    root     tokio-runtime-w      1464        2        6      99.5%       0.0%
 *     23727    root     git                  1391      379      740      36.8%       7.5%
 *
 * The columns are counted as bcc's tool does it: HITS are folios accessed and buffers dirtied, MISSES
 * folios added to the cache and dirtied, DIRTIES buffers dirtied. READ_HIT% is what accesses are of all
 * this, WRITE_HIT% what added folios are. For the ratio of hits of the whole machine see cachestat. Sorting is
 * chosen by options in place of bcc's keys.
 *
 * Hooks: fentry of folio_mark_accessed (mark_page_accessed before Linux 5.16), where there is none
 * tracepoints filemap:mm_filemap_get_pages and block:block_touch_buffer, which see reads only, and
 * tracepoints filemap:mm_filemap_add_to_page_cache, writeback:writeback_dirty_folio (writeback_dirty_page)
 * and block:block_dirty_buffer.
 *
 * Overhead: 0.2 to 0.4 µs for each of these events, by the kernel's own clock (kernel.bpf_stats_enabled)
 * on Linux 6.18; a page that is written makes three of them.
 */

import { chars, readText, struct, u32, u64 } from "../../mod.ts";
import type { Bpf } from "../../mod.ts";
import { megabytes, pageCachePrograms } from "../../toolkit/mm/page_cache.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { flag, type Option, UsageError, type Values } from "../../toolkit/options/options.ts";
import {
  filterOptions,
  filterSettings,
  intervalArgumentsEvery,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { userNames } from "./user_names.ts";
import object from "./cachetop.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const INTERVAL_SECONDS = 5;

const Key = struct("key", { pid: u32, uid: u32, comm: chars(16) });
const Counts = struct("counts", {
  accessed: u64.asNumber,
  added: u64.asNumber,
  dirtied: u64.asNumber,
  buffers_dirtied: u64.asNumber,
});
type Counts = ReturnType<typeof Counts.read>;

interface Row {
  readonly pid: number;
  readonly uid: number;
  readonly cmd: string;
  readonly hits: number;
  readonly misses: number;
  readonly dirties: number;
  /** Per cent. */
  readonly read_hit: number;
  readonly write_hit: number;
}

/** Orders by column name, as `--sort` takes it. */
const SORTS: Readonly<Record<string, (a: Row, b: Row) => number>> = {
  "PID": (a, b) => b.pid - a.pid,
  "UID": (a, b) => b.uid - a.uid,
  "CMD": (a, b) => a.cmd < b.cmd ? 1 : a.cmd > b.cmd ? -1 : 0,
  "HITS": (a, b) => b.hits - a.hits,
  "MISSES": (a, b) => b.misses - a.misses,
  "DIRTIES": (a, b) => b.dirties - a.dirties,
  "READ_HIT%": (a, b) => b.read_hit - a.read_hit,
  "WRITE_HIT%": (a, b) => b.write_hit - a.write_hit,
};

const options = {
  sort: {
    short: "s",
    long: "sort",
    meta: "COLUMN",
    help: "sort by this column (default HITS)",
    initial: "HITS",
    parse(value: string) {
      const name = value.toUpperCase();
      if (name in SORTS) return name;
      throw new UsageError(`expected one of ${Object.keys(SORTS).join(", ")}`);
    },
  } satisfies Option<string> as Option<string>,
  ascending: flag({ long: "ascending", help: "the smallest first" }),
  noClear: flag({ short: "C", long: "noclear", help: "don't clear the screen" }),
  ...filterOptions,
  ...intervalArgumentsEvery(INTERVAL_SECONDS),
  ...standardOptions,
} as const;

/** Computes a row from the counters, as bcc's tool does. */
function rowOf({ pid, uid, comm }: ReturnType<typeof Key.read>, counts: Counts): Row {
  const hits = counts.accessed + counts.buffers_dirtied;
  const misses = counts.added + counts.dirtied;
  const share = (part: number) => hits + misses > 0 ? 100 * part / (hits + misses) : 0;
  return {
    pid,
    uid,
    cmd: comm,
    hits,
    misses,
    dirties: counts.buffers_dirtied,
    read_hit: share(counts.accessed),
    write_hit: share(counts.added),
  };
}

const number = (head: string, value: (row: Row) => number): Column<Row> => ({
  head,
  width: 8,
  align: "right",
  value,
});
const percent = (head: string, key: string, value: (row: Row) => number): Column<Row> => ({
  head,
  key,
  width: 10,
  align: "right",
  value,
  text: (row) => `${value(row).toFixed(1)}%`,
});

function columns(json: boolean): Column<Row>[] {
  const nameOf = userNames();
  return [
    { head: "PID", width: 8, value: ({ pid }) => pid },
    json
      ? { head: "UID", value: ({ uid }) => uid }
      : { head: "UID", width: 8, value: ({ uid }) => nameOf(uid).slice(0, 8) },
    { head: "CMD", width: 16, value: ({ cmd }) => cmd },
    number("HITS", ({ hits }) => hits),
    number("MISSES", ({ misses }) => misses),
    number("DIRTIES", ({ dirties }) => dirties),
    percent("READ_HIT%", "read_hit_percent", (row) => row.read_hit),
    percent("WRITE_HIT%", "write_hit_percent", (row) => row.write_hit),
  ];
}

/** Returns the function that prints the counts since its last call. */
function reporter({ sort, ascending }: Values<typeof options>): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const order = SORTS[sort]!;
  return (bpf, report) => {
    const rows = [
      ...deltasOf(bpf.map("processes", Key, Counts), deltas, (counts) => ({ ...counts })),
    ]
      .map(([key, counts]) => rowOf(key, counts))
      .sort((a, b) => ascending ? order(b, a) : order(a, b));
    const memory = readText("/proc/meminfo");
    const [buffers, cached] = ["Buffers", "Cached"].map((name) =>
      megabytes(memory, name).toFixed(0)
    );
    report.line(
      `${report.clock} Buffers MB: ${buffers} / Cached MB: ${cached} / Sort: ${sort} / Order: ` +
        (ascending ? "ascending" : "descending"),
    );
    report.table(columns(report.json), rows);
    report.line();
    reportDropped(bpf, report, "cachetop", "folios");
  };
}

const cachetop = defineTool({
  name: "cachetop",
  summary: "Show hits and misses of the page cache by process, the busiest first, at intervals.",
  examples: [
    ["cachetop", `print ${INTERVAL_SECONDS} second summaries`],
    ["cachetop 1 10", "print 1 second summaries, 10 times"],
    ["cachetop -s MISSES", "who misses most first"],
    ["cachetop -p 181", "only what process 181 accesses"],
  ],
  object,
  options,
  sample: ["1"],
  permissions: "all",
  plan(values, machine) {
    return {
      interval: values.interval ?? INTERVAL_SECONDS,
      count: values.count,
      redraw: !values.noClear,
      load: { ...filterSettings(values), programs: pageCachePrograms(machine) },
      records: [
        rowShape({
          pid: "id",
          uid: "id",
          cmd: "text",
          hits: "count",
          misses: "count",
          dirties: "count",
          read_hit_percent: "number",
          write_hit_percent: "number",
        }),
      ],
      report: reporter(values),
    };
  },
});

export default cachetop;

if (import.meta.main) await main(cachetop);
