// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * offcputime: off-CPU time of threads, by the stack on which they left the CPU.
 *
 * The stacks are taken while the thread is still the current one; its time is added to them when it runs
 * again.
 */
#include "../../toolkit/kernel/stacks/unwind.h"
#include "../../toolkit/kernel/stacks/images.h"
#include "../../toolkit/kernel/stacks/off_cpu.h"

struct stop {
	struct stack_key key;
	u64 time;
};

/* Threads that are off the CPU, by thread id in the initial pid namespace. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct stop);
} stopped SEC(".maps");

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
		__sync_fetch_and_add(&dropped, 1);
}

static __always_inline void thread_runs(struct task_struct *task, u64 now)
{
	u32 number = number_of(task);
	struct stop *stop = bpf_map_lookup_elem(&stopped, &number);

	if (!stop)
		return;

	u64 time = now - stop->time;

	if (is_time_wanted(time))
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
