// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * dcsnoop: look-ups in the directory entry cache, or those that miss.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/fs/dcache.h"

#define NAME_MAX 255

struct event {
	u64 time; /* ns since boot */
	struct who who;
	u32 kind;
	char name[]; /* one component of a path */
};

struct scratch {
	char event[sizeof(struct event) + NAME_MAX + 1];
};

PER_CPU(scratches, struct scratch);
EVENTS(events, struct event);

static void looked_up(u32 kind, struct qstr___lookup *name)
{
	struct scratch *scratch = of_this_cpu(&scratches);
	u32 length = BPF_CORE_READ(name, len);

	if (!scratch || kind == FOUND)
		return;

	struct event *event = (void *)scratch->event;

	event->time = bpf_ktime_get_ns();
	set_who(&event->who);
	event->kind = kind;
	if (length > NAME_MAX)
		length = NAME_MAX;
	if (bpf_probe_read_kernel(event->name, length, BPF_CORE_READ(name, name)))
		length = 0;
	send(events, event, offsetof(struct event, name) + length);
}

static void lookup_dropped(void)
{
	count_in_flight_dropped();
}
