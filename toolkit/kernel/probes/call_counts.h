/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * How often what a pattern matches is passed, for each match (pattern_programs.h).
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

	/* Who calls a user function may be preempted right here. */
	if (calls)
		__sync_fetch_and_add(calls, 1);
	return 0;
}

static __always_inline int count_match(void *ctx)
{
	return count_index(bpf_get_attach_cookie(ctx));
}
