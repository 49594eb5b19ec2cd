/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Log2 histograms of times: one for all, or one for each process, thread …
 * (latency_histogram.ts prints them).
 */
#pragma once

#include "base/log2.h"
#include "base/dropped.h"
#include "base/maps.h"
#include "task/task.h"

const volatile u32 unit_ns = 1000;
const volatile bool by_process = false;
const volatile bool by_thread = false;

struct key {
	u32 id; /* 0: one histogram for all */
	u32 slot;
};

/* Totals since the start; never reset. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__type(key, struct key);
	__type(value, u64);
} times SEC(".maps");

u64 total_time; /* ns */

static __always_inline void count_time(u32 id, u64 time)
{
	struct key key = { .id = id, .slot = log2_slot(time / unit_ns) };
	u64 zero = 0;
	u64 *count = lookup_or_insert(&times, &key, &zero);

	if (!count) {
		__sync_fetch_and_add(&dropped, 1);
		return;
	}
	__sync_fetch_and_add(count, 1);
	__sync_fetch_and_add(&total_time, time);
}

/* The id of the histogram that counts a task's times. */
static __always_inline u32 id_of(struct task_struct *task)
{
	u64 ids = by_process || by_thread ? ids_of(task) : 0;

	return by_thread ? ids : ids >> 32;
}
