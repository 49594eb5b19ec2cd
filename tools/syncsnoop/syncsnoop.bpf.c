// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * syncsnoop: system calls that flush data to disks, at entry.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/fs/path.h"

#define NO_FILE (-1)

enum syscall {
	SYNC,
	FSYNC,
	FDATASYNC,
	MSYNC,
	SYNC_FILE_RANGE,
	SYNCFS,
};

struct event {
	u64 time; /* ns since boot */
	struct who who;
	u32 syscall;
	s32 fd;
	char name[];
};

EVENTS(events, struct event);

static __noinline int enter(u32 syscall, s32 fd)
{
	u64 room[(sizeof(struct event) + NAME_MAX) / sizeof(u64) + 1] = {};
	struct event *event = (void *)room;
	struct file *file = fd == NO_FILE ? NULL : file_of(fd);

	if (!is_wanted())
		return 0;
	event->time = bpf_ktime_get_ns();
	set_who(&event->who);
	event->syscall = syscall;
	event->fd = fd;

	long length = 1;

	if (file)
		length = bpf_probe_read_kernel_str(event->name, NAME_MAX + 1,
						   BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (length < 1)
		length = 1;
	/* Never above NAME_MAX: the mask proves that to the verifier of Linux 6.1. */
	send(events, event, offsetof(struct event, name) + ((length - 1) & NAME_MAX));
	return 0;
}

AT_ENTRY(sync, enter(SYNC, NO_FILE))
AT_ENTRY(fsync, enter(FSYNC, ctx->args[0]))
AT_ENTRY(fdatasync, enter(FDATASYNC, ctx->args[0]))
AT_ENTRY(msync, enter(MSYNC, NO_FILE))
AT_ENTRY(sync_file_range, enter(SYNC_FILE_RANGE, ctx->args[0]))
AT_ENTRY(syncfs, enter(SYNCFS, ctx->args[0]))
