/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The filters of filter.h for a task that is not the current one: all but those by user and name.
 */
#pragma once

#include "cgroup_filter.h"

KERNEL_STRUCTS

struct css_set {
	struct cgroup *dfl_cgrp; /* in the v2 hierarchy */
};

struct task_struct___cgroups {
	struct css_set *cgroups;
};

KERNEL_STRUCTS_END

static __always_inline bool is_task_wanted(struct task_struct *task)
{
	struct task_struct___cgroups *member = (void *)task;

	if (!are_ids_wanted(ids_of(task)))
		return false;
	if (are_cgroups_filtered() && !is_cgroup_wanted(BPF_CORE_READ(member, cgroups, dfl_cgrp)))
		return false;
	if (by_mntns) {
		u64 inum = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);

		if (!bpf_map_lookup_elem(&mntns, &inum))
			return false;
	}
	return true;
}

/* The inode of the pid namespace that a task lives in. */
static __always_inline u32 pid_namespace_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);
	struct upid *numbers = (void *)pid + bpf_core_field_offset(struct pid, numbers);
	struct upid *number = (void *)numbers + level * bpf_core_type_size(struct upid);

	return BPF_CORE_READ(number, ns, ns.inum);
}
