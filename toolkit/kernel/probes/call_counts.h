/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Counts hits of each match of a pattern (pattern_programs.h).
 */
#pragma once

#include "../task/filter.h"
#include "pattern_programs.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1); /* set by the tool: one for each match */
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

static __always_inline int count_index(u32 index)
{
	u64 *calls = is_wanted() ? bpf_map_lookup_elem(&counts, &index) : NULL;

	/* Atomic although per CPU: programs of uprobes can be preempted. */
	if (calls)
		__sync_fetch_and_add(calls, 1);
	return 0;
}

static __always_inline int count_match(void *ctx)
{
	return count_index(bpf_get_attach_cookie(ctx));
}
