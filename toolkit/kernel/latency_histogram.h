/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * How times are distributed, by powers of two: of all together, or by process, thread …
 * (latency_histogram.ts prints them).
 */
#pragma once

#include "base/log2.h"
#include "base/lost.h"
#include "base/maps.h"
#include "task/task.h"

const volatile u32 unit_ns = 1000;
const volatile bool by_process = false;
const volatile bool by_thread = false;

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

static __always_inline void count_time(u32 id, u64 time)
{
	struct key key = { .id = id, .slot = log2_slot(time / unit_ns) };
	u64 zero = 0;
	u64 *count = value_of(&times, &key, &zero);

	if (!count) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	__sync_fetch_and_add(count, 1);
	__sync_fetch_and_add(&total_time, time);
}

/* What a task's times are counted by. */
static __always_inline u32 id_of(struct task_struct *task)
{
	u64 ids = by_process || by_thread ? ids_of(task) : 0;

	return by_thread ? ids : ids >> 32;
}
