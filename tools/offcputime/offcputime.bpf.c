// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * offcputime: how long threads did not run, by the stack on which they stopped.
 *
 * A thread's stacks are taken while it is still the current one, and its time is added to them when
 * it runs again.
 */
#include "../../toolkit/kernel/stacks/images.h"
#include "../../toolkit/kernel/stacks/stacks.h"

KERNEL_STRUCTS

struct task_struct___flags {
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
const volatile u32 state_mask = 0; /* 0: those that could have run on */
const volatile u64 least_ns = 0;
const volatile u64 most_ns = -1;

struct stop {
	struct stack_key key;
	u64 time;
};

/* Threads that do not run, by their machine-wide ids. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct stop);
} stopped SEC(".maps");

static __always_inline u32 state_of(struct task_struct *task)
{
	struct task_struct___flags *new = (void *)task;
	struct task_struct___old *old = (void *)task;

	if (bpf_core_field_exists(new->__state))
		return BPF_CORE_READ(new, __state);
	return BPF_CORE_READ(old, state);
}

/* The idle threads of all CPUs have the number 0. */
static __always_inline u32 number_of(struct task_struct *task)
{
	u32 tid = BPF_CORE_READ(task, pid);

	return tid ? tid : 1 << 31 | bpf_get_smp_processor_id();
}

static __always_inline bool is_stop_wanted(struct task_struct *task, u64 ids)
{
	struct task_struct___flags *flags = (void *)task;
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

static __always_inline void thread_stops(void *ctx, struct task_struct *task, u64 now)
{
	u64 ids = current_ids();
	u32 number = number_of(task);
	struct stop stop = { .key = { .pid = ids >> 32, .tid = ids }, .time = now };

	if (!is_stop_wanted(task, ids))
		return;
	set_stacks(&stop.key, ctx);
	stop.key.image = user_stacks ? current_image() : 0;
	if (bpf_map_update_elem(&stopped, &number, &stop, BPF_ANY))
		__sync_fetch_and_add(&lost, 1);
}

static __always_inline void thread_runs(struct task_struct *task, u64 now)
{
	u32 number = number_of(task);
	struct stop *stop = bpf_map_lookup_elem(&stopped, &number);

	if (!stop)
		return;

	u64 time = now - stop->time;

	/* Clocks of CPUs may differ a little. */
	if ((s64)time >= 0 && time >= least_ns && time <= most_ns)
		add_to_stack(&stop->key, time, stop->time);
	bpf_map_delete_elem(&stopped, &number);
}

SEC("raw_tp/sched_switch")
int BPF_PROG(on_switch, bool preempted, struct task_struct *previous, struct task_struct *next)
{
	u64 now = bpf_ktime_get_ns();

	thread_stops(ctx, previous, now);
	thread_runs(next, now);
	return 0;
}
