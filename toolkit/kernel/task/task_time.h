/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A time per thread, such as that of its last call, in task storage: freed with the thread, and without a
 * limit on the number of threads. Needs Linux >= 5.12.
 */
#pragma once

#include "task.h"

#define BPF_LOCAL_STORAGE_GET_F_CREATE 1

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} task_times SEC(".maps");

/* Stores a time; false when there is no memory. */
static __always_inline bool keep_time(struct task_struct *task, u64 time)
{
	u64 *kept = bpf_task_storage_get(&task_times, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (kept)
		*kept = time;
	return kept != NULL;
}

/* Returns the stored time and clears it; 0 if there is none. */
static __always_inline u64 take_time(struct task_struct *task)
{
	u64 *kept = bpf_task_storage_get(&task_times, task, NULL, 0);
	u64 time = kept ? *kept : 0;

	if (time)
		*kept = 0;
	return time;
}
