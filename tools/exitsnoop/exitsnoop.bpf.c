// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * exitsnoop: the end of processes, or of threads.
 *
 * A process ends with its last thread, whichever that is: the main thread may have ended long before, and
 * when another thread calls exec, the main thread ends although the process continues.
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

/*
 * Processes whose end was reported: their last two threads may both find that no other is left.
 * Entries are deleted when the kernel frees the process. An LRU map would not do: on machines with
 * many CPUs it evicts entries long before it is full.
 */
struct process {
	u64 start_time; /* ns, of the main thread: tells processes apart that reuse an id */
	u64 id;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, struct process);
	__type(value, u8);
} ended SEC(".maps");

KERNEL_STRUCTS

struct atomic {
	int counter;
};

struct signal_struct {
	struct atomic live; /* threads that have not begun to exit */
	unsigned int flags;
	int group_exit_code;
};

struct task_struct___signal {
	struct signal_struct *signal;
};

KERNEL_STRUCTS_END

#define EEXIST 17
#define SIGNAL_GROUP_EXIT 4 /* include/linux/sched/signal.h: exit_group(2) or a fatal signal */

/* Whether the current thread is the one that reports the end of its process. */
static __always_inline bool is_last(struct task_struct *leader, struct signal_struct *signal)
{
	struct process process = {
		.start_time = BPF_CORE_READ(leader, start_time),
		.id = bpf_get_current_pid_tgid() >> 32,
	};
	u8 told = 1;

	if (BPF_CORE_READ(signal, live.counter) != 0)
		return false;
	/* A full map (many processes that are not reaped) counts as last: better reported twice than never. */
	return bpf_map_update_elem(&ended, &process, &told, BPF_NOEXIST) != -EEXIST;
}

/* The kernel frees a task after wait(2), and a process with its main thread. */
SEC("raw_tp/sched_process_free")
int freed(u64 *arguments)
{
	struct task_struct *task = (void *)arguments[0];
	struct process process = {
		.start_time = BPF_CORE_READ(task, start_time),
		.id = BPF_CORE_READ(task, tgid),
	};

	if (BPF_CORE_READ(task, pid) == process.id)
		bpf_map_delete_elem(&ended, &process);
	return 0;
}

SEC("tracepoint/sched/sched_process_exit")
int exited(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event event = {};

	if (!is_wanted())
		return 0;
	if (!per_thread) {
		struct task_struct___signal *member = (void *)task;
		struct signal_struct *signal = BPF_CORE_READ(member, signal);

		task = BPF_CORE_READ(task, group_leader);
		if (!is_last(task, signal))
			return 0;
		/* As wait(2) reports it. */
		event.status = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT ?
				       BPF_CORE_READ(signal, group_exit_code) :
				       BPF_CORE_READ(task, exit_code);
	} else {
		event.status = BPF_CORE_READ(task, exit_code);
	}
	if (failed_only && !event.status)
		return 0;
	event.age = bpf_ktime_get_ns() - BPF_CORE_READ(task, start_time);
	set_who(&event.who);
	event.ppid = parent_pid();
	if (!per_thread) {
		event.who.tid = event.who.pid;
		BPF_CORE_READ_INTO(&event.who.comm, task, comm);
	}
	send(events, &event, sizeof(event));
	return 0;
}
