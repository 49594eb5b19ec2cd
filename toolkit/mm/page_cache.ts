/**
 * The programs that count folio operations in the page cache (page_cache.h).
 *
 * @module
 */

import { chooseHooks } from "../run/choose_hooks.ts";
import type { Machine } from "../machine/machine.ts";

/** The `programs` of the load options. @throws {UnsupportedError} */
export function pageCachePrograms(machine: Machine): Record<string, boolean> {
  return {
    ...chooseHooks("page cache accesses", [
      { hook: "fentry:folio_mark_accessed", programs: ["folio_accessed"] },
      { hook: "fentry:mark_page_accessed", programs: ["page_accessed"] },
      {
        hook: "tracepoint:filemap:mm_filemap_get_pages",
        also: ["tracepoint:block:block_touch_buffer"],
        programs: ["get_pages", "buffer_touched"],
      },
    ], machine),
    ...chooseHooks("dirtied pages", [
      { hook: "tracepoint:writeback:writeback_dirty_folio", programs: ["folio_dirtied"] },
      { hook: "tracepoint:writeback:writeback_dirty_page", programs: ["page_dirtied"] },
    ], machine),
  };
}

/** An amount of memory in MiB by its name: `Buffers`, `Cached`. @param text of /proc/meminfo */
export function megabytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1] ?? 0) / 1024;
}
