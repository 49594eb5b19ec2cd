// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * fileslower: reads and writes of files that take longer than a threshold.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/fs/file_io.h"

const volatile u64 min_us = 0; /* report only what takes longer; 0: everything */

struct event {
	u64 time; /* ns since boot, at exit */
	struct who who;
	u64 duration; /* ns */
	s64 bytes; /* or -errno */
	u32 is_write;
	char name[];
};

EVENTS(events, struct event);

static bool is_io_wanted(struct file *file)
{
	return true;
}

static void io_dropped(void)
{
	count_in_flight_dropped();
}

static void io_done(struct io *io, s64 bytes)
{
	u64 now = bpf_ktime_get_ns();
	u64 duration = now - io->start;

	if (min_us && duration / 1000 <= min_us)
		return;

	u64 room[(sizeof(struct event) + NAME_MAX) / sizeof(u64) + 1] = {};
	struct event *event = (void *)room;

	event->time = now;
	event->duration = duration;
	set_who(&event->who);
	event->bytes = bytes;
	event->is_write = io->is_write;
	send(events, event, offsetof(struct event, name) + read_name(event->name, io->file));
}
