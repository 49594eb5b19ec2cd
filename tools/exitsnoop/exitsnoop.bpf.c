// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * exitsnoop: the end of processes, or of threads.
 */
#include "../../toolkit/kernel/event_tool.h"

const volatile bool failed_only = false;
const volatile bool per_thread = false;

struct event {
	u64 age; /* ns */
	struct who who;
	u32 ppid;
	s32 status;
};

EVENTS(events, struct event);

SEC("tracepoint/sched/sched_process_exit")
int exited(void *ctx)
{
	u64 ids = bpf_get_current_pid_tgid();
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event event = { .status = BPF_CORE_READ(task, exit_code) };

	if (!per_thread && ids >> 32 != (u32)ids)
		return 0;
	if ((failed_only && !event.status) || !is_wanted())
		return 0;
	event.age = bpf_ktime_get_ns() - BPF_CORE_READ(task, start_time);
	set_who(&event.who);
	event.ppid = parent_pid();
	send(events, &event, sizeof(event));
	return 0;
}
