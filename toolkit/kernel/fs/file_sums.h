/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Sums of reads and writes, and the counter of calls for which the map had no room (file_sums.ts reads
 * both).
 */
#pragma once

#include "../base/dropped.h"
#include "file_io.h"

struct sums {
	u64 reads;
	u64 writes;
	u64 read_bytes;
	u64 written_bytes;
};

static void io_dropped(void)
{
	__sync_fetch_and_add(&dropped, 1);
}

/* Adds a call to the sums of a key in a map. */
static __always_inline void add_io(void *map, const void *key, struct io *io, s64 bytes)
{
	struct sums zero = {};
	struct sums *sums = lookup_or_insert(map, key, &zero);
	u64 moved = bytes > 0 ? bytes : 0;

	if (!sums) {
		io_dropped();
	} else if (io->is_write) {
		__sync_fetch_and_add(&sums->writes, 1);
		__sync_fetch_and_add(&sums->written_bytes, moved);
	} else {
		__sync_fetch_and_add(&sums->reads, 1);
		__sync_fetch_and_add(&sums->read_bytes, moved);
	}
}
