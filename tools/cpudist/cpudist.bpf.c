// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * cpudist: how long threads stay on a CPU, or off.
 */
#include "../../toolkit/kernel/latency_histogram.h"
#include "../../toolkit/kernel/task/ended_names.h"
#include "../../toolkit/kernel/task/filter.h"
#include "../../toolkit/kernel/task/task_time.h"

const volatile bool with_idle = false;

/* The thread that each CPU runs, and since when. */
struct running {
	struct task_struct *task;
	u64 since;
};

PER_CPU(cpus, struct running);

/* Whether the thread that leaves the CPU (still the current one) passes the filters. */
static __always_inline bool is_leaving_wanted(struct task_struct *prev)
{
	return (with_idle || BPF_CORE_READ(prev, pid)) && is_wanted();
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switch_off, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	u64 now = bpf_ktime_get_ns();
	u64 start = take_time(next);

	if (start)
		count_time(id_of(next), now - start);
	if (is_leaving_wanted(prev) && !keep_time(prev, now))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switch_on, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	u64 now = bpf_ktime_get_ns();
	struct running *cpu = of_this_cpu(&cpus);

	if (!cpu)
		return 0;
	if (cpu->task == prev && is_leaving_wanted(prev))
		count_time(id_of(prev), now - cpu->since);
	cpu->task = next;
	cpu->since = now;
	return 0;
}
