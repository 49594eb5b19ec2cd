// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * biopattern: whether block I/O requests begin where the one before ended, by disk.
 */
#include "../../toolkit/kernel/block/request.h"
#include "../../toolkit/kernel/base/maps.h"

struct pattern {
	u64 next_sector; /* after the last request; 0: none seen yet */
	u64 sequential;
	u64 random;
	u64 bytes;
};

/* Totals since the start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct pattern);
} disks SEC(".maps");

u64 dropped;

SEC("raw_tp/block_rq_complete")
int rq_complete(u64 *arguments)
{
	struct request *request = (void *)arguments[0];
	u32 bytes = arguments[2];
	u32 device = device_of(request);
	u64 sector = BPF_CORE_READ(request, __sector);
	struct pattern zero = {};

	if (!is_device_wanted(device) || !bytes)
		return 0; /* a flush has no position on the disk */

	struct pattern *pattern = lookup_or_insert(&disks, &device, &zero);

	if (!pattern) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}

	/* Several CPUs may complete requests of one disk at once. */
	u64 expected = __sync_lock_test_and_set(&pattern->next_sector, sector + (bytes >> SECTOR_SHIFT));

	if (!expected)
		return 0;
	__sync_fetch_and_add(sector == expected ? &pattern->sequential : &pattern->random, 1);
	__sync_fetch_and_add(&pattern->bytes, bytes);
	return 0;
}
