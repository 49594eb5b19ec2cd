// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * ext4slower: reads, writes, opens and syncs of ext4 files, from entry to exit.
 *
 * Either ext4's own functions are traced, or the system calls that lead to them: then the superblock of
 * the file tells whether it is on ext4. Syncs have tracepoints of their own. A write to a file opened
 * with O_SYNC is a write and, inside it, a sync.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/fs/ext4.h"

const volatile u64 min_us = 0; /* report only what takes longer; 0: everything */

struct key {
	u32 tid;
	u32 operation;
};

struct call {
	u64 start;
	s64 offset;
	struct file *file;
};

struct event {
	u64 time; /* ns since boot, at exit */
	struct who who;
	u64 duration; /* ns */
	s64 offset;
	s64 size; /* bytes, 0 or -errno */
	u32 operation;
	char name[];
};

/* Calls in flight. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct call);
} calls SEC(".maps");

EVENTS(events, struct event);

static __noinline int enter(u32 operation, struct file *file, s64 offset)
{
	struct key key = { .tid = bpf_get_current_pid_tgid(), .operation = operation };
	struct call call = { .start = bpf_ktime_get_ns(), .offset = offset, .file = file };

	if (is_wanted() && bpf_map_update_elem(&calls, &key, &call, BPF_ANY))
		count_in_flight_dropped();
	return 0;
}

static __always_inline void report(u32 operation, struct call *call, struct file *file, s64 size)
{
	u64 room[(sizeof(struct event) + NAME_MAX) / sizeof(u64) + 1] = {};
	struct event *event = (void *)room;
	u64 now = bpf_ktime_get_ns();
	const unsigned char *name = BPF_CORE_READ(file, f_path.dentry, d_name.name);

	event->duration = now - call->start;
	if (min_us && event->duration / 1000 <= min_us)
		return;
	event->time = now;
	set_who(&event->who);
	event->offset = call->offset;
	event->size = size;
	event->operation = operation;

	long length = bpf_probe_read_kernel_str(event->name, NAME_MAX + 1, name);

	if (length < 1)
		length = 1;
	/* Never above NAME_MAX: the mask proves that to the verifier of Linux 6.1. */
	send(events, event, offsetof(struct event, name) + ((length - 1) & NAME_MAX));
}

static __noinline int leave(u32 operation, struct file *file, s64 size, s64 end)
{
	struct key key = { .tid = bpf_get_current_pid_tgid(), .operation = operation };
	struct call *call = bpf_map_lookup_elem(&calls, &key);

	if (!call)
		return 0;
	if (!file)
		file = call->file;
	if (file && call->offset == AT_END)
		call->offset = (end < 0 ? size_of(file) : end) - (size > 0 ? size : 0);
	if (file)
		report(operation, call, file, size);
	bpf_map_delete_elem(&calls, &key);
	return 0;
}
