/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Folios of the page cache that are accessed, added and dirtied (page_cache.ts chooses the
 * programs). A tool that includes this defines count_folios().
 */
#pragma once

#include "../task/filter.h"

/* The most folios that one look-up for a read returns: PAGEVEC_SIZE of include/linux/pagevec.h. */
#define BATCH 31

enum counter {
	ACCESSED,
	ADDED,
	DIRTIED,
	BUFFERS_DIRTIED,
	BUFFERS_TOUCHED, /* where ACCESSED does not include them */
	COUNTERS,
};

/* Called when the current task did this to a number of folios. */
static void count_folios(u32 counter, u64 times);

static __noinline int count_wanted(u32 counter, u64 times)
{
	if (is_wanted())
		count_folios(counter, times);
	return 0;
}

#define COUNT(name, section, counter)                                                                  \
	SEC(section)                                                                               \
	int name(void *ctx)                                                                        \
	{                                                                                          \
		return count_wanted(counter, 1);                                                   \
	}

COUNT(folio_accessed, "fentry/folio_mark_accessed", ACCESSED)
COUNT(page_accessed, "fentry/mark_page_accessed", ACCESSED)
COUNT(buffer_touched, "raw_tp/block_touch_buffer", BUFFERS_TOUCHED)
COUNT(folio_added, "raw_tp/mm_filemap_add_to_page_cache", ADDED)
COUNT(folio_dirtied, "raw_tp/writeback_dirty_folio", DIRTIED)
COUNT(page_dirtied, "raw_tp/writeback_dirty_page", DIRTIED)
COUNT(buffer_dirtied, "raw_tp/block_dirty_buffer", BUFFERS_DIRTIED)

/* A range of pages is requested; pages beyond a batch are requested again. */
SEC("raw_tp/mm_filemap_get_pages")
int get_pages(u64 *arguments)
{
	u64 pages = arguments[2] - arguments[1] + 1;

	return count_wanted(ACCESSED, pages < BATCH ? pages : BATCH);
}
