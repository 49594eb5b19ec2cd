/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The process and thread of an event: the part that events of all tools share (who.ts reads it).
 */
#pragma once

#include "task.h"

struct who {
	u64 cgroup; /* id in the v2 hierarchy */
	u32 pid; /* pid in the sense of user space (thread group id), in namespace `pidns` */
	u32 tid;
	u32 uid;
	u32 gid;
	char comm[TASK_COMM_LEN];
};

/* Fills in `who` for the current thread. */
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
