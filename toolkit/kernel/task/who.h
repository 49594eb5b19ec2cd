/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Who made an event: the part that events of all tools have in common (who.ts reads it).
 */
#pragma once

#include "task.h"

struct who {
	u64 cgroup; /* its id in the v2 hierarchy */
	u32 pid; /* a thread group id, as userspace means it, in the numbers of `pidns` */
	u32 tid;
	u32 uid;
	u32 gid;
	char comm[TASK_COMM_LEN];
};

/* Fills it in for the current thread. */
static __always_inline void set_who(struct who *who)
{
	u64 ids = current_ids();
	u64 user = bpf_get_current_uid_gid();

	who->cgroup = bpf_get_current_cgroup_id();
	who->pid = ids >> 32;
	who->tid = ids;
	who->uid = user;
	who->gid = user >> 32;
	bpf_get_current_comm(who->comm, sizeof(who->comm));
}
