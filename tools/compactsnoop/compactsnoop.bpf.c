// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * compactsnoop: compaction of the memory of a zone, from its beginning to its end.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "zone.h"

#define STACK_DEPTH 127 /* PERF_MAX_STACK_DEPTH of include/uapi/linux/perf_event.h */

const volatile bool with_stack = false;

struct event {
	struct who who;
	u64 ns; /* since boot, at the end */
	u64 time; /* ns */
	char zone[ZONE_NAME_LENGTH];
	s32 node;
	s32 order; /* -1: compaction of all memory was requested */
	s32 status; /* enum compact_result */
	s32 fragmentation_index;
	u64 low;
	u64 min;
	u64 high;
	u64 free;
	u32 sync;
	s32 kernel_size; /* size of the stack in bytes, or -errno */
	u64 kernel[STACK_DEPTH];
};

struct begun {
	struct memory memory;
	u64 time;
	u32 sync;
	s32 order;
};

CALLS(calls, struct begun);
EVENTS(events, struct event);
PER_CPU(scratch, struct event);

SEC("raw_tp/mm_compaction_begin")
int begin(u64 *arguments)
{
	struct compact_control *control = (void *)arguments[0];
	struct begun begun = { .sync = arguments[3] & 1 };

	if (!is_wanted())
		return 0;
	begun.order = BPF_CORE_READ(control, order);
	read_memory(&begun.memory, BPF_CORE_READ(control, zone), begun.order);
	begun.time = bpf_ktime_get_ns();
	if (!keep_call(&calls, &begun))
		count_in_flight_dropped();
	return 0;
}

SEC("raw_tp/mm_compaction_end")
int end(u64 *arguments)
{
	struct begun *begun = kept_call(&calls);
	struct event *event = of_this_cpu(&scratch);

	if (!begun || !event)
		return 0;
	set_who(&event->who);
	event->ns = bpf_ktime_get_ns();
	event->time = event->ns - begun->time;
	__builtin_memcpy(event->zone, begun->memory.name, sizeof(event->zone));
	event->node = begun->memory.node;
	event->fragmentation_index = begun->memory.fragmentation_index;
	event->low = begun->memory.low;
	event->min = begun->memory.min;
	event->high = begun->memory.high;
	event->free = begun->memory.free;
	event->order = begun->order;
	event->sync = begun->sync;
	event->status = arguments[4];
	event->kernel_size =
		with_stack ? bpf_get_stack(arguments, event->kernel, sizeof(event->kernel), 0) : 0;
	forget_call(&calls);
	send(events, event, sizeof(*event));
	return 0;
}
