/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * How times are distributed, by powers of two: of all together, or by process, thread …
 * (distribution.ts prints them).
 */
#pragma once

#include "log2.h"

const volatile u32 unit_ns = 1000;

struct key {
	u32 id; /* 0: all together */
	u32 slot;
};

/* What was counted since the start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__type(key, struct key);
	__type(value, u64);
} times SEC(".maps");

u64 total_time; /* ns */
u64 lost;

static __always_inline void count_time(u32 id, u64 time)
{
	struct key key = { .id = id, .slot = log2_slot(time / unit_ns) };
	u64 zero = 0;
	u64 *count = bpf_map_lookup_elem(&times, &key);

	if (!count) {
		bpf_map_update_elem(&times, &key, &zero, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&times, &key);
	}
	if (!count) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	__sync_fetch_and_add(count, 1);
	__sync_fetch_and_add(&total_time, time);
}
