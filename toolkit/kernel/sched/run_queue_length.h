/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * How many threads a CPU has to run.
 */
#pragma once

#include "../base/prelude.h"

KERNEL_STRUCTS

struct rq {
	unsigned int nr_running; /* of all classes and groups; without the idle thread */
};

struct cfs_rq {
	struct rq *rq; /* with CONFIG_FAIR_GROUP_SCHED */
};

struct cfs_rq___6_13 {
	unsigned int nr_running; /* until Linux 6.13 */
};

struct cfs_rq___6_14 {
	unsigned int nr_queued;
};

struct sched_entity {
	struct cfs_rq *cfs_rq;
};

struct task_struct___sched {
	struct sched_entity se;
};

KERNEL_STRUCTS_END

/* Threads that this CPU runs or could run: those of its queue, or without groups, of the fair class. */
static __always_inline u32 runnable_threads(void)
{
	struct task_struct___sched *task = (void *)bpf_get_current_task();
	struct cfs_rq *queue = BPF_CORE_READ(task, se.cfs_rq);
	struct cfs_rq___6_13 *old = (void *)queue;
	struct cfs_rq___6_14 *new = (void *)queue;

	if (bpf_core_field_exists(queue->rq))
		return BPF_CORE_READ(queue, rq, nr_running);
	if (bpf_core_field_exists(new->nr_queued))
		return BPF_CORE_READ(new, nr_queued);
	return BPF_CORE_READ(old, nr_running);
}
