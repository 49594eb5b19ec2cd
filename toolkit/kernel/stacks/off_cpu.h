/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Threads that leave the CPU, and the filters for them.
 */
#pragma once

#include "stacks.h"

KERNEL_STRUCTS

struct task_struct___off_cpu {
	unsigned int flags;
	unsigned int __state; /* Linux 5.14 and later */
};

struct task_struct___old {
	long state;
};

KERNEL_STRUCTS_END

#define PF_KTHREAD 0x00200000
#define TASK_DEAD 0x80

const volatile bool user_threads = true;
const volatile bool kernel_threads = true;
const volatile bool by_state = false;
const volatile u32 state_mask = 0; /* 0: runnable, that is preempted */
const volatile u64 least_ns = 0;
const volatile u64 most_ns = -1;

static __always_inline u32 state_of(struct task_struct *task)
{
	struct task_struct___off_cpu *new = (void *)task;
	struct task_struct___old *old = (void *)task;

	if (bpf_core_field_exists(new->__state))
		return BPF_CORE_READ(new, __state);
	return BPF_CORE_READ(old, state);
}

/* Key of a thread off the CPU; idle threads have thread id 0 on all CPUs. */
static __always_inline u32 number_of(struct task_struct *task)
{
	u32 tid = BPF_CORE_READ(task, pid);

	return tid ? tid : 1 << 31 | bpf_get_smp_processor_id();
}

static __always_inline bool is_stop_wanted(struct task_struct *task, u64 ids)
{
	struct task_struct___off_cpu *flags = (void *)task;
	bool is_kernel = BPF_CORE_READ(flags, flags) & PF_KTHREAD;
	u32 state = state_of(task);

	if (state & TASK_DEAD)
		return false; /* it will not run again */
	if (is_kernel ? !kernel_threads : !user_threads)
		return false;
	if (by_state && (state_mask ? !(state & state_mask) : state))
		return false;
	return is_wanted() && is_target(ids);
}

/* Whether this off-CPU time passes the filters. */
static __always_inline bool is_time_wanted(u64 time)
{
	/* The clocks of two CPUs may differ slightly. */
	return (s64)time >= 0 && time >= least_ns && time <= most_ns;
}
