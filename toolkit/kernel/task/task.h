/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Partial task structs, and the ids of processes and threads.
 */
#pragma once

#include "../base/prelude.h"

KERNEL_STRUCTS

struct ns_common {
	unsigned int inum;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1]; /* level + 1 of them, the outermost namespace's first */
};

struct fs_struct;
struct files_struct;

struct task_struct {
	int pid; /* thread id, in the sense of user space */
	int tgid; /* process id */
	char comm[TASK_COMM_LEN];
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid; /* NULL once the task has been reaped */
	struct nsproxy *nsproxy;
	struct fs_struct *fs;
	struct files_struct *files;
	u64 start_time; /* CLOCK_MONOTONIC */
	int exit_code; /* as in wait(2) */
};

KERNEL_STRUCTS_END

/* The pid namespace of the ids shown and filtered by, by inode; 0: the initial one. */
const volatile u32 pidns = 0;

#define PIDNS_LEVELS 8 /* of 32 possible levels */

/* The number of a pid in namespace `pidns`; 0 if it is not visible there. */
static __noinline u32 number_in_pidns(struct pid *pid)
{
	u32 level = BPF_CORE_READ(pid, level);
	struct upid *numbers = (void *)pid + bpf_core_field_offset(struct pid, numbers);

	for (u32 i = 0; i < PIDNS_LEVELS && i <= level; i++) {
		struct upid *number = (void *)numbers + i * bpf_core_type_size(struct upid);

		if (BPF_CORE_READ(number, ns, ns.inum) == pidns)
			return BPF_CORE_READ(number, nr);
	}
	return 0;
}

/* A task's process id (upper half) and thread id (lower half) in namespace `pidns`. */
static __always_inline u64 ids_of(struct task_struct *task)
{
	if (!pidns)
		return (u64)BPF_CORE_READ(task, tgid) << 32 | (u32)BPF_CORE_READ(task, pid);
	return (u64)number_in_pidns(BPF_CORE_READ(task, group_leader, thread_pid)) << 32 |
	       number_in_pidns(BPF_CORE_READ(task, thread_pid));
}

/* The same for the current task. */
static __always_inline u64 current_ids(void)
{
	if (!pidns)
		return bpf_get_current_pid_tgid();
	return ids_of((void *)bpf_get_current_task());
}

/* The process id of the current task's parent. */
static __always_inline u32 parent_pid(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return ids_of(BPF_CORE_READ(task, real_parent)) >> 32;
}
