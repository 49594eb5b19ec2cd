// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * threadsnoop: threads that programs make with pthread_create().
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/base/registers.h"

struct event {
	struct who who;
	u64 ns; /* since boot */
	u64 routine;
};

EVENTS(events, struct event);

/* The tool attaches it to the function. */
SEC("uprobe")
int create(u64 *registers)
{
	struct event event = { .ns = bpf_ktime_get_ns() };

	if (!is_wanted())
		return 0;
	event.routine = argument(registers, 2);
	set_who(&event.who);
	send(events, &event, sizeof(event));
	return 0;
}
