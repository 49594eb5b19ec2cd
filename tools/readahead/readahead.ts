/**
 * readahead: show how many of the pages that are read ahead are used, and how soon.
 *
 * USAGE: readahead [-d SECONDS] [-p PID] [-t TID] [-u UID] [-n NAME] [--json]
 *
 *     # readahead
 *     Tracing... Hit Ctrl-C to end.
 *     ^C
 *     Read-ahead unused pages: 0
 *     Histogram of read-ahead used page age (ms):
 *
 *          age (ms)            : count     distribution
 *              0 -> 1          : 2839     |***************                         |
 *              2 -> 3          : 3376     |******************                      |
 *              4 -> 7          : 4558     |*************************               |
 *              8 -> 15         : 4890     |***************************             |
 *             16 -> 31         : 3940     |**********************                  |
 *             32 -> 63         : 7119     |****************************************|
 *
 * A page that is read ahead is used when somebody reads it first, or, since Linux 6.12, maps it: a fault
 * maps the pages around it as well, and these count. Pages that leave the cache before are unused. Filters are
 * about who reads ahead; who uses the pages does not matter. So many pages can wait to be used as the
 * kernel's map has room for, 262,144; others are told as dropped, and not counted.
 *
 * Hooks: fentry and fexit of page_cache_ra_unbounded and page_cache_ra_order, where there is none (and since
 * Linux 6.18) tracepoints readahead:page_cache_ra_unbounded and page_cache_ra_order; raw tracepoints
 * mm_filemap_add_to_page_cache and mm_filemap_delete_from_page_cache; for uses tracepoints
 * filemap:mm_filemap_get_pages, mm_filemap_fault and mm_filemap_map_pages, before Linux 6.12 fentry of
 * folio_mark_accessed, which sees a mapped page used late or not at all.
 *
 * Overhead: about 0.4 µs per page that is read or mapped, 1.4 µs per page that is read ahead, by the kernel's
 * own clock (kernel.bpf_stats_enabled) on Linux 6.18 while other programs took the CPUs as well.
 */

import { type Bpf, u32, u64 } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import {
  filterOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { tellDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./readahead.bpf.o.ts";
import { histogramShape, recordShape } from "../../toolkit/records/record_shape.ts";

const options = { ...filterOptions, ...standardOptions } as const;

const FUNCTIONS = ["page_cache_ra_unbounded", "page_cache_ra_order"];

function programs(machine: Machine): Record<string, boolean> {
  const [unbounded, order] = FUNCTIONS;
  return {
    ...chooseHooks("reading ahead", [
      {
        hook: `fentry:${unbounded}`,
        also: [`fentry:${order}`],
        programs: FUNCTIONS.flatMap((name) => [`enter_${name}`, `exit_${name}`]),
      },
      {
        hook: `tracepoint:readahead:${unbounded}`,
        also: [`tracepoint:readahead:${order}`],
        programs: ["ra_unbounded", "ra_order"],
      },
    ], machine),
    ...chooseHooks("uses of pages", [
      {
        hook: "tracepoint:filemap:mm_filemap_get_pages",
        also: ["tracepoint:filemap:mm_filemap_map_pages", "tracepoint:filemap:mm_filemap_fault"],
        programs: ["got", "mapped", "faulted"],
      },
      { hook: "fentry:folio_mark_accessed", programs: ["accessed"] },
    ], machine),
  };
}

function print(bpf: Bpf, report: Report): void {
  const [readAhead, used, dropped] = ["read_ahead", "used", "dropped"]
    .map((name) => bpf.global(name, u64.asNumber).value);
  const unused = readAhead! - used!;
  report.line();
  report.line(`Read-ahead unused pages: ${unused}`);
  report.line("Histogram of read-ahead used page age (ms):");
  report.line();
  report.record("pages", { read_ahead: readAhead, used, unused });
  report.histogram([...bpf.map("ages", u32, u64.asNumber)], { valueType: "age (ms)" });
  tellDropped(report, "readahead", "pages", dropped!, { when: "in all" });
}

const readahead = defineTool({
  name: "readahead",
  summary: "Show how many of the pages that are read ahead are used, and how soon.",
  examples: [
    ["readahead", "trace until Ctrl-C"],
    ["readahead -d 20", "monitor for 20 seconds and generate stats"],
    ["readahead -p 181", "only what process 181 makes the kernel read ahead"],
  ],
  object,
  options,
  plan(values, machine) {
    const filters = filterSettings(values);
    return {
      intro: "Tracing... Hit Ctrl-C to end.",
      interval: undefined,
      load: {
        ...filters,
        programs: programs(machine),
      },
      records: [
        recordShape("pages", { read_ahead: "count", used: "count", unused: "count" }),
        histogramShape(),
      ],
      report: print,
    };
  },
});

export default readahead;

if (import.meta.main) await main(readahead);
