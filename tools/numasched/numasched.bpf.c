// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * numasched: threads that were moved to another NUMA node.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/task/task_time.h"

struct event {
	struct who who;
	u32 from;
	u32 to;
};

EVENTS(events, struct event);

/* For the thread that leaves the CPU. Its node is stored plus one: 0 means none. */
SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev)
{
	u64 node = bpf_get_numa_node_id();
	struct event event = { .to = node };
	u64 *kept;

	if (!(u32)bpf_get_current_pid_tgid() || !is_wanted())
		return 0; /* idle, or filtered */
	kept = bpf_task_storage_get(&task_times, prev, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!kept) {
		count_in_flight_dropped();
		return 0;
	}
	if (*kept && *kept != node + 1) {
		event.from = *kept - 1;
		set_who(&event.who);
		send(events, &event, sizeof(event));
	}
	*kept = node + 1;
	return 0;
}
