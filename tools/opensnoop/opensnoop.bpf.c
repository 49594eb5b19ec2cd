// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * opensnoop: open, creat, openat, openat2 and open_by_handle_at, from entry to exit.
 *
 * The arguments are kept at entry and reported at exit, when the result is known. Full paths have exit
 * programs of their own: only they read many kernel structs, and relocating those takes longer than all
 * else at the start.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "open_flags.h"
#include "../../toolkit/kernel/fs/path.h"
#include "../../toolkit/kernel/fs/path_argument.h"

const volatile bool failed_only = false;

struct call {
	const struct open_how *how; /* flags and mode, if not NULL */
	s32 directory_fd;
	u32 flags;
	u32 mode;
	bool by_handle;
	struct path_argument path;
};

struct event {
	u64 time; /* ns since boot, at exit */
	struct who who;
	s32 ret; /* the descriptor or -errno */
	u32 flags;
	u32 mode;
	u8 cut; /* path or directories incomplete; by handle also: no directories requested */
	u8 by_handle; /* the text is the name that the kernel has for the file; empty if it has none */
	/* The path; for the full path of a relative one, also its directories: append_directories(). */
	char text[];
};

/* Buffer in which an event is built. */
struct scratch {
	u64 length; /* of the text: see append_directories() */
	char event[sizeof(struct event) + TEXT_ROOM];
};

PER_CPU(scratches, struct scratch);
CALLS(calls, struct call);
EVENTS(events, struct event);

static __always_inline int enter(int directory_fd, u64 path, u32 flags, u32 mode, u64 how)
{
	struct call call = {
		.how = (const struct open_how *)how,
		.directory_fd = directory_fd,
		.flags = flags,
		.mode = mode,
	};

	if (!is_wanted())
		return 0;
	keep_path(&call.path, (const char *)path);
	if (!keep_call(&calls, &call))
		count_in_flight_dropped();
	return 0;
}

AT_ENTRY(open, enter(AT_FDCWD, ctx->args[0], ctx->args[1], ctx->args[2], 0))
AT_ENTRY(creat, enter(AT_FDCWD, ctx->args[0], O_CREAT | O_WRONLY | O_TRUNC, ctx->args[1], 0))
AT_ENTRY(openat, enter(ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3], 0))
AT_ENTRY(openat2, enter(ctx->args[0], ctx->args[1], 0, 0, ctx->args[2]))

/* A file handle (name_to_handle_at(2)) holds no path: there is nothing to read at entry. */
static __always_inline int enter_handle(u32 flags)
{
	struct call call = { .flags = flags, .by_handle = true };

	if (is_wanted() && !keep_call(&calls, &call))
		count_in_flight_dropped();
	return 0;
}

AT_ENTRY(open_by_handle_at, enter_handle(ctx->args[2]))

static __always_inline void report(struct call *call, int ret, bool full_path)
{
	struct scratch *scratch = of_this_cpu(&scratches);

	if (!scratch)
		return;
	if (call->how) {
		struct open_how how = {};

		bpf_probe_read_user(&how, sizeof(how), call->how);
		call->flags = how.flags;
		call->mode = how.mode;
	}
	if (!are_flags_wanted(call->flags))
		return;

	struct event *event = (void *)scratch->event;
	u32 length = read_path(event->text, &call->path);

	event->time = bpf_ktime_get_ns();
	set_who(&event->who);
	event->ret = ret;
	event->flags = call->flags;
	event->mode = mode_of(call->flags, call->mode);
	event->cut = length == PATH_MAX;
	event->by_handle = 0;
	scratch->length = length;
	if (full_path && length > 0 && length < PATH_MAX && event->text[0] != '/')
		event->cut = !append_directories(event->text, &scratch->length, call->directory_fd);

	u64 text = scratch->length;

	if (text > TEXT_ROOM)
		text = TEXT_ROOM;
	send(events, event, offsetof(struct event, text) + text);
}

static __always_inline int leave(int ret, bool full_path)
{
	struct call *call = kept_call(&calls);

	if (call && (!failed_only || ret < 0))
		report(call, ret, full_path);
	if (call)
		forget_call(&calls);
	return 0;
}

/*
 * Reports the name of a file opened by handle, with its directories as in append_directories(), or alone.
 * The dentry of an inode that was not in the cache has no name: it is its own parent.
 */
static __always_inline void report_handle(struct call *call, int ret, bool full_path)
{
	struct scratch *scratch = of_this_cpu(&scratches);

	if (!scratch || !are_flags_wanted(call->flags))
		return;

	struct event *event = (void *)scratch->event;
	struct file *file = ret < 0 ? NULL : file_of(ret);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	bool is_named = dentry && (dentry != BPF_CORE_READ(dentry, d_parent) ||
				   dentry == BPF_CORE_READ(file, f_path.mnt, mnt_root));

	event->time = bpf_ktime_get_ns();
	set_who(&event->who);
	event->ret = ret;
	event->flags = call->flags;
	event->mode = 0;
	event->by_handle = 1;
	event->cut = is_named && !full_path;
	scratch->length = 0;
	if (is_named && full_path) {
		event->cut = !append_directories(event->text, &scratch->length, ret);
	} else if (is_named) {
		long size = bpf_probe_read_kernel_str(event->text, NAME_MAX + 1,
						      BPF_CORE_READ(dentry, d_name.name));

		scratch->length = size > 0 ? size - 1 : 0;
	}

	u64 text = scratch->length;

	if (text > TEXT_ROOM)
		text = TEXT_ROOM;
	send(events, event, offsetof(struct event, text) + text);
}

static __always_inline int leave_handle(int ret, bool full_path)
{
	struct call *call = kept_call(&calls);

	if (call && (!failed_only || ret < 0))
		report_handle(call, ret, full_path);
	if (call)
		forget_call(&calls);
	return 0;
}

#define LEAVE(call)                                                                                    \
	AT_EXIT(call, leave(ctx->ret, false))                                                      \
	SEC("tracepoint/syscalls/sys_exit_" #call)                                                 \
	int full_##call(struct syscall_exit *ctx)                                                  \
	{                                                                                          \
		return leave(ctx->ret, true);                                                      \
	}

LEAVE(open)
LEAVE(creat)
LEAVE(openat)
LEAVE(openat2)

AT_EXIT(open_by_handle_at, leave_handle(ctx->ret, false))

SEC("tracepoint/syscalls/sys_exit_open_by_handle_at")
int full_open_by_handle_at(struct syscall_exit *ctx)
{
	return leave_handle(ctx->ret, true);
}
