/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * When stacks were seen: sums by stack and slice of time (heat.ts reads them).
 */
#pragma once

#include "stacks.h"

/* The length of a slice; 0: not asked for, and `heat` has room for one entry. */
const volatile u64 heat_slice_ns = 0;
/* Samples that are in `sums` and not in `heat`. */
u64 heat_dropped = 0;

struct heat_key {
	struct stack_key stack;
	u64 slice; /* its number, counted from boot on */
};

/* Preallocated: older kernels reject other hash maps in programs of perf events. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the tool */
	__type(key, struct heat_key);
	__type(value, u64);
} heat SEC(".maps");

/* Counts a sample in its slice, if that is asked for. */
static __always_inline void add_to_heat(const struct stack_key *stack, u64 time)
{
	struct heat_key key;
	u64 zero = 0, *count;

	if (!heat_slice_ns)
		return;
	key.stack = *stack;
	key.slice = time / heat_slice_ns;
	count = bpf_map_lookup_elem(&heat, &key);
	if (!count) {
		bpf_map_update_elem(&heat, &key, &zero, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&heat, &key);
	}
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		__sync_fetch_and_add(&heat_dropped, 1);
}
