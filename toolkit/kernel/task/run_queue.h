/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Threads waiting in a run queue, from becoming runnable until they run.
 *
 * A tool that includes this defines waited() and wait_dropped().
 */
#pragma once

#include "task_filter.h"
#include "task_time.h"

KERNEL_STRUCTS

struct task_struct___514 {
	u32 __state;
};

struct task_struct___before {
	s64 state; /* renamed in Linux 5.14 */
};

KERNEL_STRUCTS_END

#define TASK_RUNNING 0

/* Called when a thread runs after waiting for `time`; `previous` ran before it. */
static __always_inline void waited(struct task_struct *task, struct task_struct *previous, u64 time);

/* Called when there is no memory to record a wait. */
static __always_inline void wait_dropped(void);

static __always_inline bool is_runnable(struct task_struct *task)
{
	struct task_struct___514 *new = (void *)task;
	struct task_struct___before *old = (void *)task;

	if (bpf_core_field_exists(new->__state))
		return BPF_CORE_READ(new, __state) == TASK_RUNNING;
	return BPF_CORE_READ(old, state) == TASK_RUNNING;
}

/* A thread begins to wait. */
static __always_inline int enqueue(struct task_struct *task)
{
	if (!BPF_CORE_READ(task, pid) || !is_task_wanted(task))
		return 0; /* idle, or filtered */
	if (!keep_time(task, bpf_ktime_get_ns()))
		wait_dropped();
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(woken, struct task_struct *task)
{
	return enqueue(task);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(born, struct task_struct *task)
{
	return enqueue(task);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	/* A thread preempted on its way to sleep waits as well. */
	if (preempt || is_runnable(prev))
		enqueue(prev);

	u64 start = take_time(next);

	if (start)
		waited(next, prev, bpf_ktime_get_ns() - start);
	return 0;
}
