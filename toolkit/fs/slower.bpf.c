// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Operations of one type of file system that take longer than a threshold (slower.ts).
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/fs/operations.h"

const volatile u64 min_us = 0; /* report only what takes longer; 0: everything */

struct event {
	u64 time; /* ns since boot, at exit */
	struct who who;
	u64 duration; /* ns */
	s64 offset;
	s64 size; /* bytes, 0 or -errno */
	u32 operation;
	char name[];
};

EVENTS(events, struct event);

static void operation_dropped(void)
{
	count_in_flight_dropped();
}

static void operation_done(u32 kind, struct operation *operation, s64 size)
{
	u64 room[(sizeof(struct event) + NAME_MAX) / sizeof(u64) + 1] = {};
	struct event *event = (void *)room;

	event->time = bpf_ktime_get_ns();
	event->duration = event->time - operation->start;
	if (min_us && event->duration / 1000 <= min_us)
		return;
	set_who(&event->who);
	event->offset = operation->offset;
	event->size = size;
	event->operation = kind;

	struct dentry *dentry = operation->dentry;
	long length = bpf_probe_read_kernel_str(event->name, NAME_MAX + 1,
						BPF_CORE_READ(dentry, d_name.name));

	if (length < 1)
		length = 1;
	/* Never above NAME_MAX: the mask proves that to the verifier of Linux 6.1. */
	send(events, event, offsetof(struct event, name) + ((length - 1) & NAME_MAX));
}
