// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * javagc: garbage collections of a Java process, from beginning to end.
 */
#include "../../toolkit/kernel/event_tool.h"

const volatile u64 least_ns = 0;

struct event {
	struct who who;
	u64 time; /* duration in ns */
	u32 cpu;
	u32 unused;
};

CALLS(collections, u64);
EVENTS(events, struct event);

SEC("uprobe")
int begins(void *ctx)
{
	u64 now = bpf_ktime_get_ns();

	if (is_wanted() && !keep_call(&collections, &now))
		count_in_flight_dropped();
	return 0;
}

SEC("uprobe")
int ends(void *ctx)
{
	struct event event = { .cpu = bpf_get_smp_processor_id() };
	u64 *start = kept_call(&collections);
	u64 now = bpf_ktime_get_ns();

	if (!start)
		return 0;
	event.time = (s64)(now - *start) > 0 ? now - *start : 0;
	forget_call(&collections);
	if (event.time < least_ns)
		return 0;
	set_who(&event.who);
	send(events, &event, sizeof(event));
	return 0;
}
