// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * wakeuptime: how long threads slept, by their waker and its kernel stack.
 */
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/stacks/stack_slots.h"
#include "../../toolkit/kernel/task/task_filter.h"
#include "../../toolkit/kernel/task/task_time.h"

KERNEL_STRUCTS

struct task_struct___flags {
	unsigned int flags;
};

KERNEL_STRUCTS_END

#define PF_KTHREAD 0x00200000

const volatile bool user_threads_only = false;
const volatile u64 least_ns = 0;
const volatile u64 most_ns = -1;

struct key {
	u64 stack; /* in `stacks` */
	char waker[TASK_COMM_LEN];
	char target[TASK_COMM_LEN];
};

struct sums {
	u64 time; /* ns */
	u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 40960);
	__type(key, struct key);
	__type(value, struct sums);
} sleeps SEC(".maps");

u64 dropped;

static __always_inline bool is_sleeper_wanted(struct task_struct *task)
{
	struct task_struct___flags *flags = (void *)task;

	if (!BPF_CORE_READ(task, pid))
		return false; /* an idle thread does not sleep */
	if (user_threads_only && BPF_CORE_READ(flags, flags) & PF_KTHREAD)
		return false;
	return is_task_wanted(task);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	take_time(next); /* it runs, so a wakeup no longer ends a sleep */
	/* A preempted thread does not sleep, although a timer may wake it. */
	if (!preempt && is_sleeper_wanted(prev) && !keep_time(prev, bpf_ktime_get_ns()))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

/* Runs in the context of the waker; sched_wakeup may run on the CPU of the woken thread. */
SEC("tp_btf/sched_waking")
int BPF_PROG(waking, struct task_struct *task)
{
	u64 start = take_time(task);

	if (!start)
		return 0;

	u64 time = bpf_ktime_get_ns() - start;
	struct sums zero = {};
	struct key key = {};

	if ((s64)time < 0 || time < least_ns || time > most_ns)
		return 0;
	key.stack = keep_stack_in_slot(ctx, 0);
	bpf_get_current_comm(key.waker, sizeof(key.waker));
	BPF_CORE_READ_STR_INTO(&key.target, task, comm);

	struct sums *sums = lookup_or_insert(&sleeps, &key, &zero);

	if (!sums) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	__sync_fetch_and_add(&sums->time, time);
	__sync_fetch_and_add(&sums->count, 1);
	return 0;
}
