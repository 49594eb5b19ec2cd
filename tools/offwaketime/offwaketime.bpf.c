// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * offwaketime: off-CPU time of threads, by the stack on which they left the CPU and that of their waker.
 */
#include "../../toolkit/kernel/stacks/off_cpu.h"
#include "../../toolkit/kernel/stacks/stack_slots.h"

/* The sleeper or its waker. */
struct side {
	u64 user; /* id of the stack in `stacks` */
	u64 kernel;
	u32 pid;
	u32 tid;
	u32 process; /* the pid in the tool's own pid namespace */
	u32 unused;
	char comm[TASK_COMM_LEN];
};

struct pair {
	struct side target;
	struct side waker; /* all zeros if the thread was preempted */
};

struct stop {
	struct pair pair;
	u64 time; /* ns since boot */
	bool preempted;
};

/* Threads that are off the CPU, by thread id in the initial pid namespace. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct stop);
} stopped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 40960);
	__type(key, struct pair);
	__type(value, struct stack_sum);
} pairs SEC(".maps");

static __always_inline void set_side(struct side *side, void *ctx)
{
	u64 ids = current_ids();

	side->pid = ids >> 32;
	side->tid = ids;
	side->process = in_pidns ? side->pid : bpf_get_current_pid_tgid() >> 32;
	side->user = user_stacks ? keep_stack_in_slot(ctx, BPF_F_USER_STACK) : NO_STACK;
	side->kernel = kernel_stacks ? keep_stack_in_slot(ctx, 0) : NO_STACK;
	bpf_get_current_comm(side->comm, sizeof(side->comm));
}

static __always_inline void thread_stops(void *ctx, struct task_struct *task, bool preempted)
{
	if (!is_stop_wanted(task, current_ids()))
		return;

	u32 number = number_of(task);
	struct stop stop = { .time = bpf_ktime_get_ns(), .preempted = preempted };

	set_side(&stop.pair.target, ctx);
	if (bpf_map_update_elem(&stopped, &number, &stop, BPF_ANY))
		__sync_fetch_and_add(&dropped, 1);
}

static __always_inline void thread_runs(struct task_struct *task)
{
	u32 number = number_of(task);
	struct stop *stop = bpf_map_lookup_elem(&stopped, &number);
	struct stack_sum zero = {};
	struct stack_sum *sum;

	if (!stop)
		return;

	u64 time = bpf_ktime_get_ns() - stop->time;

	if (is_time_wanted(time)) {
		zero.first = stop->time;
		sum = bpf_map_lookup_elem(&pairs, &stop->pair);
		if (!sum) {
			bpf_map_update_elem(&pairs, &stop->pair, &zero, BPF_NOEXIST);
			sum = bpf_map_lookup_elem(&pairs, &stop->pair);
		}
		if (sum) {
			__sync_fetch_and_add(&sum->sum, time);
			__sync_fetch_and_add(&sum->count, 1);
		} else {
			__sync_fetch_and_add(&dropped, 1);
		}
	}
	bpf_map_delete_elem(&stopped, &number);
}

SEC("raw_tp/sched_switch")
int BPF_PROG(on_switch, bool preempted, struct task_struct *previous, struct task_struct *next)
{
	thread_stops(ctx, previous, preempted);
	thread_runs(next);
	return 0;
}

/* Runs in the context of the waker; sched_wakeup may run on the CPU of the woken thread. */
SEC("raw_tp/sched_waking")
int BPF_PROG(on_waking, struct task_struct *task)
{
	u32 number = number_of(task);
	struct stop *stop = bpf_map_lookup_elem(&stopped, &number);
	struct side waker = {};

	/* A thread preempted on its way to sleep may be woken, but it waits only for a CPU. */
	if (!stop || stop->preempted)
		return 0;
	set_side(&waker, ctx);
	stop->pair.waker = waker;
	return 0;
}
