// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * criticalstat: sections with interrupts or preemption disabled.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/stacks/event_stacks.h"

#define PWR_EVENT_EXIT ((u32)-1) /* raw tracepoint cpu_idle: the CPU leaves idle */

const volatile u64 least_ns = 100000;

struct event {
	struct who who;
	u64 time; /* ns */
	u64 stack; /* at the end of the section */
	u64 begin; /* address where the section began, and that of its caller */
	u64 begin_caller;
	u64 end;
	u64 end_caller;
};

/* The section that a CPU is in. */
struct section {
	u64 start; /* ns since boot; 0: none */
	u64 begin;
	u64 begin_caller;
	u64 is_idle;
};

PER_CPU(sections, struct section);
EVENTS(events, struct event);

static __always_inline int begin_section(u64 *ctx)
{
	struct section *section = of_this_cpu(&sections);

	/* Idle time is not counted: an idle CPU waits for an interrupt with interrupts disabled. */
	if (!section || section->is_idle || section->start)
		return 0;
	section->begin = ctx[0];
	section->begin_caller = ctx[1];
	section->start = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int end_section(u64 *ctx)
{
	struct section *section = of_this_cpu(&sections);

	if (!section || !section->start)
		return 0;

	u64 time = bpf_ktime_get_ns() - section->start;

	section->start = 0;
	if (time < least_ns || !is_wanted())
		return 0;

	struct event event = {
		.time = time,
		.begin = section->begin,
		.begin_caller = section->begin_caller,
	};

	event.end = ctx[0];
	event.end_caller = ctx[1];
	event.stack = keep_event_stack(ctx, 0);
	set_who(&event.who);
	send(events, &event, sizeof(event));
	return 0;
}

#define PROGRAM(name, section, result)                                                             \
	SEC(section)                                                                               \
	int name(u64 *ctx)                                                                         \
	{                                                                                          \
		return result;                                                                     \
	}

PROGRAM(irqs_off, "raw_tp/irq_disable", begin_section(ctx))
PROGRAM(irqs_on, "raw_tp/irq_enable", end_section(ctx))
PROGRAM(preemption_off, "raw_tp/preempt_disable", begin_section(ctx))
PROGRAM(preemption_on, "raw_tp/preempt_enable", end_section(ctx))

SEC("raw_tp/cpu_idle")
int idles(u64 *ctx)
{
	struct section *section = of_this_cpu(&sections);

	if (section) {
		section->is_idle = (u32)ctx[0] != PWR_EVENT_EXIT;
		section->start = 0;
	}
	return 0;
}
