/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Mappings made and not unmapped yet. Unlike malloc's memory, they can be unmapped in part, several
 * at a time, and replaced by others.
 */
#pragma once

#include "allocations.h"

enum {
	BPF_MAP_TYPE_STACK = 23, /* include/uapi/linux/bpf.h */
};

/* Mappings end at a page boundary. This is the smallest page size; it divides all others. */
#define LEAST_PAGE_BYTES 4096ul

/* Above the default limit of mappings of a process (65530, vm.max_map_count). */
#define MAPPINGS_MAX 65536

struct mapping {
	struct allocation allocation;
	u32 slot; /* index in `slots` */
	u32 unused;
};

/* By start address. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAPPINGS_MAX);
	__type(key, u64);
	__type(value, struct mapping);
} mappings SEC(".maps");

/* Start addresses of the mappings; 0: free. Slots are reused, so that iteration can end early. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAPPINGS_MAX);
	__type(key, u32);
	__type(value, u64);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, MAPPINGS_MAX);
	__type(value, u32);
} free_slots SEC(".maps");

u32 slots_used; /* later slots were never used */

/* Addresses being unmapped; mappings made after `before` (ns since boot) stay. */
struct range {
	u64 start;
	u64 end;
	u64 before;
};

static __always_inline u64 whole_pages(u64 size)
{
	return (size + LEAST_PAGE_BYTES - 1) & -LEAST_PAGE_BYTES;
}

static __always_inline void free_slot(u32 slot)
{
	u64 none = 0;

	bpf_map_update_elem(&slots, &slot, &none, BPF_ANY);
	bpf_map_push_elem(&free_slots, &slot, BPF_ANY);
}

static __noinline void keep_mapping(u64 start, struct allocation *allocation)
{
	struct mapping mapping = {};

	if (!allocation)
		return;
	mapping.allocation = *allocation;
	if (bpf_map_pop_elem(&free_slots, &mapping.slot))
		mapping.slot = __sync_fetch_and_add(&slots_used, 1);
	if (bpf_map_update_elem(&slots, &mapping.slot, &start, BPF_ANY)) {
		__sync_fetch_and_add(&dropped, 1);
		return;
	}
	if (bpf_map_update_elem(&mappings, &start, &mapping, BPF_ANY)) {
		__sync_fetch_and_add(&dropped, 1);
		free_slot(mapping.slot);
		return;
	}
	change_sum(&mapping.allocation, 1);
}

/* Removes a mapping; false if there is none, or another CPU removed it first. */
static __noinline bool forget_mapping(u64 start, struct mapping *was)
{
	struct mapping *found = bpf_map_lookup_elem(&mappings, &start);

	if (!found || !was)
		return false;
	*was = *found;
	if (bpf_map_delete_elem(&mappings, &start))
		return false;
	free_slot(was->slot);
	change_sum(&was->allocation, -1);
	return true;
}

/* Removes the range from a mapping; the parts before and after it stay. Both parts reuse `was`, since
 * Linux 6.1 sums the stack frames of all functions in the call chain (at most 512 bytes). */
static __noinline void cut_mapping(u64 start, const struct range *range)
{
	struct mapping was;
	u64 size, given;

	if (!range || !forget_mapping(start, &was))
		return;
	given = size = was.allocation.size;
	if (start < range->start) {
		was.allocation.size = range->start - start;
		given -= was.allocation.size;
		keep_mapping(start, &was.allocation);
	}
	if (start + whole_pages(size) > range->end) {
		was.allocation.size = start + size - range->end;
		given -= was.allocation.size;
		keep_mapping(range->end, &was.allocation);
	}
	tell(FREE_ENTERED, start < range->start ? range->start : start, given);
}

static long cut_if_inside(void *map, u32 *slot, u64 *address, struct range *range)
{
	u64 start = *address;
	struct mapping *mapping = start ? bpf_map_lookup_elem(&mappings, &start) : NULL;

	if (mapping && start < range->end &&
	    start + whole_pages(mapping->allocation.size) > range->start &&
	    mapping->allocation.time <= range->before)
		cut_mapping(start, range);
	return *slot + 1 >= slots_used; /* 1: enough */
}

/* Removes mappings made until `before`. Arguments that the kernel rejects (EINVAL) change nothing. */
static __noinline int unmap(u64 start, u64 size, u64 before)
{
	struct range range = { .start = start, .end = start + whole_pages(size), .before = before };
	struct mapping *whole = bpf_map_lookup_elem(&mappings, &start);

	if (range.end <= start || start % LEAST_PAGE_BYTES)
		return 0;
	if (whole && whole->allocation.time <= before &&
	    start + whole_pages(whole->allocation.size) == range.end)
		cut_mapping(start, &range);
	else
		bpf_for_each_map_elem(&slots, cut_if_inside, &range, 0);
	return 0;
}

/* Records a mapping. An older one at its address must have been unmapped unseen. Not inlined, so that
 * its stack frame does not add to the call chain of unmap(), which is near the limit of 512 bytes. */
static __noinline void take_mapping(void *ctx, u64 start, u64 size)
{
	struct allocation allocation = { .size = size, .time = bpf_ktime_get_ns(), .image = image };
	struct mapping was;

	tell(ALLOC_EXITED, start, size);
	if (!traced)
		allocation.stack = keep_allocating_stack(ctx);
	forget_mapping(start, &was);
	keep_mapping(start, &allocation);
}
