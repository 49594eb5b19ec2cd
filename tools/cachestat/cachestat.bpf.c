// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * cachestat: how often folios of the page cache are accessed, added and dirtied.
 */
#include "../../toolkit/kernel/task/filter.h"

/* Folios that one look-up for a read gives at most: PAGEVEC_SIZE of include/linux/pagevec.h. */
#define BATCH 31

enum counter {
	ACCESSED,
	ADDED,
	DIRTIED,
	BUFFERS_DIRTIED,
	COUNTERS,
};

/* Since the start: nothing is taken away, so nothing is lost between reports. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

static __always_inline int count(u32 counter, u64 times)
{
	u64 *value = is_wanted() ? bpf_map_lookup_elem(&counters, &counter) : NULL;

	if (value)
		__sync_fetch_and_add(value, times); /* an interrupt may count as well */
	return 0;
}

#define COUNT(name, section, counter)                                                                  \
	SEC(section)                                                                               \
	int name(void *ctx)                                                                        \
	{                                                                                          \
		return count(counter, 1);                                                          \
	}

COUNT(folio_accessed, "fentry/folio_mark_accessed", ACCESSED)
COUNT(page_accessed, "fentry/mark_page_accessed", ACCESSED)
COUNT(buffer_touched, "raw_tp/block_touch_buffer", ACCESSED)
COUNT(folio_added, "raw_tp/mm_filemap_add_to_page_cache", ADDED)
COUNT(folio_dirtied, "raw_tp/writeback_dirty_folio", DIRTIED)
COUNT(page_dirtied, "raw_tp/writeback_dirty_page", DIRTIED)
COUNT(buffer_dirtied, "raw_tp/block_dirty_buffer", BUFFERS_DIRTIED)

/* Pages from the first to the last are wanted; what is beyond a batch is asked for again. */
SEC("raw_tp/mm_filemap_get_pages")
int get_pages(u64 *arguments)
{
	u64 pages = arguments[2] - arguments[1] + 1;

	return count(ACCESSED, pages < BATCH ? pages : BATCH);
}
