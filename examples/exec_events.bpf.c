// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * exec_events: an event for every program that is started, through a ring buffer.
 */
#include "../toolkit/kernel/base/prelude.h"

struct event {
	u32 pid;
	u32 uid;
	char comm[TASK_COMM_LEN];
};

/* A ring buffer has no type of value. This tells the reader's codec what to be checked against. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024); /* bytes: a power of two of pages */
	__type(value, struct event);
} events SEC(".maps");

/* Events that found no room: the reader looks for the variable of this name. */
u64 events_dropped;

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	/* Written in place, in the buffer itself: no copy on the stack. */
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&events_dropped, 1);
		return 0;
	}
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}
