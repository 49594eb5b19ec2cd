/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The filters that tools share: by process, thread, user, command name, cgroup, mount and pid
 * namespace. They are constants once the program is loaded, so the verifier drops those not used.
 */
#pragma once

#include "task.h"

const volatile u32 own_pid = 0; /* the tool itself, which is never traced */
const volatile u32 target_pid = 0; /* 0: any; a pid in the sense of user space (thread group id) */
const volatile u32 target_tid = 0; /* 0: any */
const volatile u32 target_uid = -1; /* -1: any */
const volatile char target_comm[TASK_COMM_LEN] = {}; /* a part of the name; empty: any */
const volatile u32 target_comm_length = 0;
const volatile bool by_cgroup = false;
const volatile bool by_mntns = false;
const volatile u64 target_cgroup = 0; /* 0: any; id in the v2 hierarchy */

/* Both are replaced by pinned maps that others fill (--cgroupmap and --mntnsmap, as in bcc). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u64);
	__type(value, u64);
} cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u64);
	__type(value, u32);
} mntns SEC(".maps");

/* The cgroup of --cgroup; tasks in cgroups below it pass as well. */
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} cgroup_root SEC(".maps");

static __always_inline bool comm_contains_target(void)
{
	char comm[TASK_COMM_LEN] = {};
	u32 length = target_comm_length;

	bpf_get_current_comm(comm, sizeof(comm));
	for (u32 start = 0; start + length < TASK_COMM_LEN; start++) {
		bool same = true;

		for (u32 i = 0; i < TASK_COMM_LEN; i++) {
			if (i >= length)
				break;
			if (comm[(start + i) % TASK_COMM_LEN] != target_comm[i])
				same = false;
		}
		if (same)
			return true;
	}
	return false;
}

/* Whether the ids pass the filters by process and thread; see ids_of(). */
static __always_inline bool are_ids_wanted(u64 ids)
{
	if (pidns && !ids)
		return false; /* not visible in that namespace */
	if (own_pid == ids >> 32)
		return false;
	if (target_pid && target_pid != ids >> 32)
		return false;
	return !target_tid || target_tid == (u32)ids;
}

/* Whether the current thread passes all filters. */
static __always_inline bool is_wanted(void)
{
	if (!are_ids_wanted(current_ids()))
		return false;
	if (target_uid != (u32)-1 && target_uid != (u32)bpf_get_current_uid_gid())
		return false;
	if (target_comm_length && !comm_contains_target())
		return false;
	if (by_cgroup) {
		u64 cgroup = bpf_get_current_cgroup_id();

		if (!bpf_map_lookup_elem(&cgroups, &cgroup))
			return false;
	}
	if (target_cgroup && bpf_current_task_under_cgroup(&cgroup_root, 0) != 1)
		return false;
	if (by_mntns) {
		struct task_struct *task = (void *)bpf_get_current_task();
		u64 inum = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);

		if (!bpf_map_lookup_elem(&mntns, &inum))
			return false;
	}
	return true;
}
