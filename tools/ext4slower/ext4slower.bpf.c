// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * ext4slower: reads, writes, opens and syncs of ext4 files, from entry to exit.
 *
 * Either ext4's own functions are traced, or the system calls that lead to them: then the superblock of
 * a file tells whether the file is on ext4. Syncs have tracepoints of their own. A write to a file opened
 * with O_SYNC is a write and, inside it, a sync.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/fs/ext4.h"

const volatile u64 min_us = 0; /* report only what takes longer; 0: everything */

struct key {
	u64 kiocb; /* of reads and writes that are traced in ext4's functions, else 0 */
	u32 tid;
	u32 operation;
};

struct call {
	u64 start;
	s64 offset;
	struct file *file;
	u64 has_completed; /* complete() ran before the file system's function returned */
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

/* An event with room for its name. Until send_row(), `duration` holds the time when the call began. */
struct row {
	u64 event[(sizeof(struct event) + NAME_MAX) / sizeof(u64) + 1];
	u64 length; /* of the name */
};

/* Calls in flight. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct call);
} calls SEC(".maps");

/*
 * Direct I/O of libaio and io_uring, by its kiocb. The file system's function returns -EIOCBQUEUED and
 * an interrupt completes the I/O, in either order: the first adds a row here, the second sends the event.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u64);
	__type(value, struct row);
} queued SEC(".maps");

EVENTS(events, struct event);

static __always_inline struct key key_of(u64 kiocb, u32 operation)
{
	struct key key = { .kiocb = kiocb };

	if (!kiocb) {
		key.tid = bpf_get_current_pid_tgid();
		key.operation = operation;
	}
	return key;
}

static __noinline int enter(u64 kiocb, u32 operation, struct file *file, s64 offset)
{
	struct key key = key_of(kiocb, operation);
	struct call call = { .start = bpf_ktime_get_ns(), .offset = offset, .file = file };

	if (is_wanted() && bpf_map_update_elem(&calls, &key, &call, BPF_ANY))
		count_in_flight_dropped();
	return 0;
}

static __always_inline void send_row(struct row *row)
{
	struct event *event = (void *)row->event;

	event->duration = event->time - event->duration;
	if (min_us && event->duration / 1000 <= min_us)
		return;
	/* Never above NAME_MAX: the mask proves that to the verifier of Linux 6.1. */
	send(events, event, offsetof(struct event, name) + (row->length & NAME_MAX));
}

static __always_inline void report(u64 kiocb, u32 operation, struct call *call, struct file *file, s64 size)
{
	struct row row = {};
	struct event *event = (void *)row.event;

	event->time = bpf_ktime_get_ns();
	if (min_us && size != -EIOCBQUEUED && (event->time - call->start) / 1000 <= min_us)
		return;
	event->duration = call->start;
	set_who(&event->who);
	event->offset = call->offset;
	event->size = size;
	event->operation = operation;

	long length = bpf_probe_read_kernel_str(event->name, NAME_MAX + 1,
						BPF_CORE_READ(file, f_path.dentry, d_name.name));

	row.length = length < 1 ? 0 : length - 1;
	if (size == -EIOCBQUEUED) {
		if (!bpf_map_update_elem(&queued, &kiocb, &row, BPF_NOEXIST))
			return;

		struct row *completed = bpf_map_lookup_elem(&queued, &kiocb);

		if (!completed) {
			count_in_flight_dropped();
			return;
		}
		event->time = ((struct event *)completed->event)->time;
		event->size = ((struct event *)completed->event)->size;
	}
	send_row(&row);
}

static __noinline int leave(u64 kiocb, u32 operation, struct file *file, s64 size, s64 end)
{
	struct key key = key_of(kiocb, operation);
	struct call *call = bpf_map_lookup_elem(&calls, &key);

	if (!call)
		return 0;
	if (!file)
		file = call->file;
	if (file && call->offset == AT_END)
		call->offset = (end < 0 ? size_of(file) : end) - (size > 0 ? size : 0);
	if (file)
		report(kiocb, operation, call, file, size);
	if (call->has_completed)
		bpf_map_delete_elem(&queued, &kiocb);
	/* Only after report() has added the row to `queued`: complete() searches `calls` first. */
	bpf_map_delete_elem(&calls, &key);
	return 0;
}

/* Direct I/O completes, on any CPU; also synchronous I/O, for which the file system's function waits. */
static __noinline int complete(u64 kiocb, s64 size)
{
	struct key key = { .kiocb = kiocb };
	struct call *call = bpf_map_lookup_elem(&calls, &key);

	if (call) {
		struct row row = {};
		struct event *event = (void *)row.event;

		event->time = bpf_ktime_get_ns();
		event->size = size;
		/* Set before the row is in `queued`, so that leave() deletes the row. */
		call->has_completed = true;
		if (!bpf_map_update_elem(&queued, &kiocb, &row, BPF_NOEXIST))
			return 0;
	}

	struct row *row = bpf_map_lookup_elem(&queued, &kiocb);

	if (!row)
		return 0;

	struct event *event = (void *)row->event;

	event->time = bpf_ktime_get_ns();
	event->size = size;
	send_row(row);
	bpf_map_delete_elem(&queued, &kiocb);
	return 0;
}
