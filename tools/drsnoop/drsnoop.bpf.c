// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * drsnoop: threads that must free memory themselves before they get some.
 */
#include "../../toolkit/kernel/event_tool.h"

struct event {
	struct who who;
	u64 ns; /* since boot, at the end */
	u64 time; /* ns */
	u64 pages; /* freed */
	s32 order; /* of what it wants */
	u32 unused;
};

CALLS(calls, struct event);
EVENTS(events, struct event);

SEC("raw_tp/mm_vmscan_direct_reclaim_begin")
int begin(u64 *arguments)
{
	struct event event = { .ns = bpf_ktime_get_ns(), .order = arguments[0] };

	if (!is_wanted())
		return 0;
	set_who(&event.who);
	if (!keep_call(&calls, &event))
		count_in_flight_dropped();
	return 0;
}

SEC("raw_tp/mm_vmscan_direct_reclaim_end")
int end(u64 *arguments)
{
	struct event *event = kept_call(&calls);
	u64 now = bpf_ktime_get_ns();

	if (!event)
		return 0;
	event->time = now - event->ns;
	event->ns = now;
	event->pages = arguments[0];
	send(events, event, sizeof(*event));
	forget_call(&calls);
	return 0;
}
