/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The `who` of an event that is not about the current thread.
 */
#pragma once

#include "task_filter.h"
#include "who.h"

KERNEL_STRUCTS

typedef struct {
	u32 val;
} kuid_t;

typedef struct {
	u32 val;
} kgid_t;

struct cred {
	kuid_t uid;
	kgid_t gid;
};

struct task_struct___cred {
	const struct cred *cred;
};

KERNEL_STRUCTS_END

/* Fills in `who` for a thread. */
static __always_inline void set_who_of(struct who *who, struct task_struct *task)
{
	struct task_struct___cgroups *member = (void *)task;
	struct task_struct___cred *user = (void *)task;
	u64 ids = ids_of(task);

	who->cgroup = cgroup_id(BPF_CORE_READ(member, cgroups, dfl_cgrp));
	who->pid = ids >> 32;
	who->tid = ids;
	who->uid = BPF_CORE_READ(user, cred, uid.val);
	who->gid = BPF_CORE_READ(user, cred, gid.val);
	BPF_CORE_READ_STR_INTO(&who->comm, task, comm);
}
