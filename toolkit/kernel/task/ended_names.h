/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Names of threads that have ended, by id, for the counts of such threads in a report
 * (toolkit/task/ended_names.ts reads them). The name of a process is that of its main thread.
 */
#pragma once

#include "task.h"

struct ended_name {
	char comm[TASK_COMM_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768); /* set by the tool */
	__type(key, u32);
	__type(value, struct ended_name);
} ended_names SEC(".maps");

SEC("raw_tp/sched_process_exit")
int BPF_PROG(keep_ended_name, struct task_struct *task)
{
	u32 tid = ids_of(task);
	struct ended_name name = {};

	BPF_CORE_READ_INTO(&name.comm, task, comm);
	bpf_map_update_elem(&ended_names, &tid, &name, BPF_ANY);
	return 0;
}
