// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * runqslower: runnable threads that waited long for a CPU.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/task/run_queue.h"
#include "../../toolkit/kernel/task/task_who.h"

const volatile u64 least_ns = 0;

struct event {
	struct who who; /* the thread that waited */
	u64 time; /* ns */
	u32 previous_tid; /* the thread that ran before */
	char previous_comm[TASK_COMM_LEN];
};

EVENTS(events, struct event);

static __always_inline void wait_dropped(void)
{
	count_in_flight_dropped();
}

static __always_inline void waited(struct task_struct *task, struct task_struct *previous, u64 time)
{
	struct event event = { .time = time };

	if (time < least_ns)
		return;
	set_who_of(&event.who, task);
	event.previous_tid = ids_of(previous);
	BPF_CORE_READ_STR_INTO(&event.previous_comm, previous, comm);
	send(events, &event, sizeof(event));
}
