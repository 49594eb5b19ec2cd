// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * opensnoop: open, openat and openat2, from entry to exit.
 *
 * The arguments are kept at entry and reported at exit, when the result is known. The path is read
 * at entry, before another thread can change it. When that fails (a page that is not resident: a
 * program in a tracepoint cannot wait for the disk) or the path is long, it is read at exit, when
 * the kernel itself has just read it.
 */
#include "frame/kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "frame/events.h"
#include "frame/filter.h"
#include "frame/path.h"
#include "frame/who.h"

#define O_CREAT 0100
#define __O_TMPFILE 020000000

#define PATH_MAX 4096 /* including the NUL; a longer path fails with ENAMETOOLONG */
#define ENTRY_PATH 256

const volatile bool failed_only = false;
const volatile bool full_path = false;
/* Any of these: flags & mask == value. An access mode is no bit: O_RDONLY is 0 of mask 3. */
#define FLAG_FILTERS_MAX 16
const volatile u32 flag_filters = 0;
const volatile u32 flag_masks[FLAG_FILTERS_MAX] = {};
const volatile u32 flag_values[FLAG_FILTERS_MAX] = {};

/* The struct open_how of openat2(2). */
struct open_how {
	u64 flags;
	u64 mode;
	u64 resolve;
};

struct call {
	const char *path_address;
	const struct open_how *how;
	s32 directory_fd;
	u32 flags;
	u32 mode;
	u32 path_length; /* 0 when it has to be read at exit */
	char path[ENTRY_PATH];
};

struct event {
	u64 time; /* ns since boot, at exit */
	struct who who;
	s32 ret; /* the descriptor or -errno */
	u32 flags;
	u32 mode;
	u8 cut; /* the path, or with full_path its directories, did not fit */
	/* The path. With full_path and a relative path, what append_directories() puts behind it. */
	char text[];
};

/* Where an event is put together: too large for the stack. */
struct scratch {
	u64 length; /* of its text: see append_directories() */
	char event[sizeof(struct event) + TEXT_ROOM];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Calls in flight, by thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct call);
} calls SEC(".maps");

EVENTS(events, struct event);

static __always_inline int enter(int directory_fd, const char *path, u32 flags, u32 mode,
				 const struct open_how *how)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call call = {
		.path_address = path,
		.how = how,
		.directory_fd = directory_fd,
		.flags = flags,
		.mode = mode,
	};

	if (!is_wanted())
		return 0;
	long size = bpf_probe_read_user_str(call.path, sizeof(call.path), path);
	if (size > 0 && size < ENTRY_PATH)
		call.path_length = size - 1;
	if (bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		count_lost(events);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_open")
int enter_open(struct syscall_enter *ctx)
{
	return enter(AT_FDCWD, (const char *)ctx->args[0], ctx->args[1], ctx->args[2], NULL);
}

SEC("tracepoint/syscalls/sys_enter_openat")
int enter_openat(struct syscall_enter *ctx)
{
	return enter(ctx->args[0], (const char *)ctx->args[1], ctx->args[2], ctx->args[3], NULL);
}

SEC("tracepoint/syscalls/sys_enter_openat2")
int enter_openat2(struct syscall_enter *ctx)
{
	return enter(ctx->args[0], (const char *)ctx->args[1], 0, 0,
		     (const struct open_how *)ctx->args[2]);
}

static __always_inline bool flags_wanted(u32 flags)
{
	if (!flag_filters)
		return true;
	for (u32 i = 0; i < FLAG_FILTERS_MAX; i++) {
		if (i < flag_filters && (flags & flag_masks[i]) == flag_values[i])
			return true;
	}
	return false;
}

static __always_inline void report(struct call *call, int ret)
{
	u32 zero = 0;
	u32 length = call->path_length & (ENTRY_PATH - 1); /* it is below, which the verifier must see */
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);

	if (!scratch)
		return;
	if (call->how) {
		struct open_how how = {};

		bpf_probe_read_user(&how, sizeof(how), call->how);
		call->flags = how.flags;
		call->mode = how.mode;
	}
	if (!flags_wanted(call->flags))
		return;

	struct event *event = (void *)scratch->event;

	event->time = bpf_ktime_get_ns();
	set_who(&event->who);
	event->ret = ret;
	event->flags = call->flags;
	/* Without these the kernel ignores mode, and open(2) and openat(2) pass what they find. */
	event->mode = call->flags & (O_CREAT | __O_TMPFILE) ? call->mode : 0;
	event->cut = false;

	if (length > 0) {
		bpf_probe_read_kernel(event->text, length, call->path);
	} else {
		long size = bpf_probe_read_user_str(event->text, PATH_MAX + 1, call->path_address);

		length = size > 0 ? size - 1 : 0;
		event->cut = length == PATH_MAX;
	}
	scratch->length = length;
	if (full_path && length > 0 && length < PATH_MAX && event->text[0] != '/')
		event->cut = !append_directories(event->text, &scratch->length, call->directory_fd);

	u64 text = scratch->length;

	if (text > TEXT_ROOM)
		text = TEXT_ROOM;
	send(events, event, offsetof(struct event, text) + text);
}

static __always_inline int leave(struct syscall_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);

	if (!call)
		return 0;
	if (!failed_only || ctx->ret < 0)
		report(call, ctx->ret);
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_open")
int exit_open(struct syscall_exit *ctx)
{
	return leave(ctx);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int exit_openat(struct syscall_exit *ctx)
{
	return leave(ctx);
}

SEC("tracepoint/syscalls/sys_exit_openat2")
int exit_openat2(struct syscall_exit *ctx)
{
	return leave(ctx);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
