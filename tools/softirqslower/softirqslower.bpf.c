// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * softirqslower: soft interrupts that wait long, or run long.
 */
#include "../../toolkit/kernel/event_tool.h"

#define ANY_CPU 0xffffffff
const volatile u32 target_cpu = ANY_CPU;
const volatile u64 least_ns = 0;

#define VECTORS 10 /* NR_SOFTIRQS of include/linux/interrupt.h */
#define WAITED 0
#define RAN 1

struct event {
	struct who who; /* the interrupted task */
	u64 time; /* ns */
	u32 stage;
	u32 vector;
	u32 cpu;
	u32 unused;
};

struct times {
	u64 raised; /* ns since boot; 0: not pending */
	u64 begun;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VECTORS);
	__type(key, u32);
	__type(value, struct times);
} vectors SEC(".maps");

EVENTS(events, struct event);

static __always_inline struct times *times_of(u32 vector)
{
	if (target_cpu != ANY_CPU && target_cpu != bpf_get_smp_processor_id())
		return NULL;
	return bpf_map_lookup_elem(&vectors, &vector);
}

static __always_inline void tell(u32 stage, u32 vector, u64 time)
{
	if (time < least_ns)
		return;

	struct event event = { .stage = stage, .vector = vector, .time = time };

	set_who(&event.who);
	event.cpu = bpf_get_smp_processor_id();
	send(events, &event, sizeof(event));
}

SEC("raw_tp/softirq_raise")
int raise(u64 *arguments)
{
	struct times *times = times_of(arguments[0]);

	/* Raised again while pending: it waits since the first time. */
	if (times && !times->raised)
		times->raised = bpf_ktime_get_ns();
	return 0;
}

SEC("raw_tp/softirq_entry")
int enter(u64 *arguments)
{
	struct times *times = times_of(arguments[0]);

	if (!times)
		return 0;
	times->begun = bpf_ktime_get_ns();
	if (times->raised)
		tell(WAITED, arguments[0], times->begun - times->raised);
	times->raised = 0;
	return 0;
}

SEC("raw_tp/softirq_exit")
int leave(u64 *arguments)
{
	struct times *times = times_of(arguments[0]);

	if (times && times->begun)
		tell(RAN, arguments[0], bpf_ktime_get_ns() - times->begun);
	return 0;
}
