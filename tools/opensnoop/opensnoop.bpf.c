// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * opensnoop: open, openat and openat2, from entry to exit.
 *
 * The arguments are kept at entry and reported at exit, when the result is known. For full paths there
 * are programs of their own at exit: the many kernel structs that only they read need not be looked
 * for otherwise, which takes longer than all else at the start.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "open_flags.h"
#include "../../toolkit/kernel/fs/path.h"
#include "../../toolkit/kernel/fs/path_argument.h"

const volatile bool failed_only = false;

struct call {
	const struct open_how *how; /* has flags and mode, if it is not NULL */
	s32 directory_fd;
	u32 flags;
	u32 mode;
	struct path_argument path;
};

struct event {
	u64 time; /* ns since boot, at exit */
	struct who who;
	s32 ret; /* the descriptor or -errno */
	u32 flags;
	u32 mode;
	u8 cut; /* the path, or its directories, did not fit */
	/* The path. For the full one of a relative path, what append_directories() puts behind it. */
	char text[];
};

/* Where an event is put together. */
struct scratch {
	u64 length; /* of its text: see append_directories() */
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
		count_lost(events);
	return 0;
}

AT_ENTRY(open, enter(AT_FDCWD, ctx->args[0], ctx->args[1], ctx->args[2], 0))
AT_ENTRY(openat, enter(ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3], 0))
AT_ENTRY(openat2, enter(ctx->args[0], ctx->args[1], 0, 0, ctx->args[2]))

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

#define LEAVE(call)                                                                                    \
	AT_EXIT(call, leave(ctx->ret, false))                                                      \
	SEC("tracepoint/syscalls/sys_exit_" #call)                                                 \
	int full_##call(struct syscall_exit *ctx)                                                  \
	{                                                                                          \
		return leave(ctx->ret, true);                                                      \
	}

LEAVE(open)
LEAVE(openat)
LEAVE(openat2)
