/**
 * cachestat: count hits and misses of the page cache.
 *
 * USAGE: cachestat [-T] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [--json]
 *                  [interval] [count]
 *
 *     # cachestat -T
 *     TIME         HITS   MISSES  DIRTIES HITRATIO   BUFFERS_MB  CACHED_MB
 *     22:22:12    50262     2777     1593   94.76%          416      11299
 *     22:22:13    63657     1613     1784   97.53%          416      11309
 *     22:22:14   121764        1     1659  100.00%          416      11307
 *     22:22:15     3745        0      245  100.00%          416      11308
 *
 * The kernel counts no hits. As bcc's tool does, this one takes accesses but those that dirty a
 * buffer for all look-ups, and folios that are added but those that are dirtied for misses: what is
 * read ahead counts as missed, a large folio as one, and writes to what is cached make for fewer
 * misses. DIRTIES are buffers that are dirtied.
 *
 * Hooks: fentry of folio_mark_accessed (mark_page_accessed before Linux 5.16); elsewhere raw
 * tracepoints mm_filemap_get_pages and block_touch_buffer, which see reads but no writes, and no
 * accesses through memory mappings: HITS are those of reads and of a file system's own blocks then. Raw tracepoints mm_filemap_add_to_page_cache, writeback_dirty_folio
 * (writeback_dirty_page before Linux 5.15) and block_dirty_buffer.
 *
 * Overhead: 60 to 90 ns for each of these events, by the kernel's own clock (kernel.bpf_stats_enabled)
 * on Linux 6.18; a page that is written makes three of them.
 */

import { readText } from "../../mod.ts";
import { megabytes, pageCachePrograms } from "../../toolkit/mm/page_cache.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { counterRows } from "../../toolkit/output/counter_rows.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import {
  filterOptions,
  filterSettings,
  intervalArgumentsEvery,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./cachestat.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const INTERVAL_SECONDS = 1;

const options = {
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  ...filterOptions,
  ...intervalArgumentsEvery(INTERVAL_SECONDS),
  ...standardOptions,
} as const;

interface Row {
  readonly clock: string;
  readonly hits: number;
  readonly misses: number;
  readonly dirties: number;
  /** Per cent. */
  readonly ratio: number;
  readonly buffersMb: number;
  readonly cachedMb: number;
}

/**
 * Computes a row from the counters of cachestat.bpf.c.
 *
 * @param seesWrites whether `accessed` also counts accesses by writes
 */
function rowOf(
  clock: string,
  [accessed, added, dirtied, buffersDirtied, touched]: readonly number[],
  seesWrites: boolean,
): Row {
  const total = seesWrites
    ? Math.max(0, accessed! - buffersDirtied!)
    : accessed! + Math.max(0, touched! - buffersDirtied!);
  // Read-ahead adds more pages than were requested.
  const misses = Math.min(total, Math.max(0, added! - dirtied!));
  const hits = total - misses;
  const text = readText("/proc/meminfo");
  return {
    clock,
    hits,
    misses,
    dirties: buffersDirtied!,
    ratio: total > 0 ? 100 * hits / total : 0,
    buffersMb: megabytes(text, "Buffers"),
    cachedMb: megabytes(text, "Cached"),
  };
}

const TIME: Column<Row> = { head: "TIME", width: 8, value: ({ clock }) => clock };
const COLUMNS: Column<Row>[] = [
  { head: "HITS", width: 8, align: "right", value: ({ hits }) => hits },
  { head: "MISSES", width: 8, align: "right", value: ({ misses }) => misses },
  { head: "DIRTIES", width: 8, align: "right", value: ({ dirties }) => dirties },
  {
    head: "HITRATIO",
    width: 8,
    align: "right",
    value: ({ ratio }) => ratio,
    text: ({ ratio }) => `${ratio.toFixed(2)}%`,
  },
  { head: "BUFFERS_MB", width: 12, align: "right", digits: 0, value: ({ buffersMb }) => buffersMb },
  { head: "CACHED_MB", width: 10, align: "right", digits: 0, value: ({ cachedMb }) => cachedMb },
];

const cachestat = defineTool({
  name: "cachestat",
  summary: "Count hits and misses of the page cache, at intervals.",
  examples: [
    ["cachestat", "a line each second"],
    ["cachestat -T 5", "a line with the time every 5 seconds"],
    ["cachestat 1 10", "1 second summaries, 10 times"],
    ["cachestat -p 181", "only what process 181 accesses"],
  ],
  object,
  options,
  sample: ["1"],
  plan(values, machine) {
    const programs = pageCachePrograms(machine);
    return {
      interval: values.interval ?? INTERVAL_SECONDS,
      count: values.count,
      load: { ...filterSettings(values), programs },
      records: [
        rowShape({
          hits: "count",
          misses: "count",
          dirties: "count",
          hitratio: "number",
          buffers_mb: "number",
          cached_mb: "number",
        }),
      ],
      // JSON records have a time with or without -T.
      report: counterRows(
        ({ json }) => values.timestamp && !json ? [TIME, ...COLUMNS] : COLUMNS,
        (clock, counts) => rowOf(clock, counts, !programs.get_pages),
      ),
    };
  },
});

export default cachestat;

if (import.meta.main) await main(cachestat);
