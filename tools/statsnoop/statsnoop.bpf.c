// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * statsnoop: the system calls of the stat family that name a file, from entry to exit.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/fs/path_argument.h"

#define AT_EMPTY_PATH 0x1000 /* an empty path means the file of the descriptor itself */

const volatile bool failed_only = false;

enum syscall {
	STAT,
	LSTAT,
	NEWFSTATAT,
	STATX,
	STATFS,
};

struct call {
	u32 syscall;
	u32 flags;
	struct path_argument path;
};

struct event {
	u64 time; /* ns since boot, at exit */
	struct who who;
	u32 syscall;
	s32 ret;
	char path[];
};

/* Buffer in which an event is built. */
struct scratch {
	char event[sizeof(struct event) + PATH_MAX + 1];
};

PER_CPU(scratches, struct scratch);
CALLS(calls, struct call);
EVENTS(events, struct event);

static __always_inline int enter(u32 syscall, u64 path, u32 flags)
{
	struct call call = { .syscall = syscall, .flags = flags };

	if (!is_wanted())
		return 0;
	keep_path(&call.path, (const char *)path);
	if (!keep_call(&calls, &call))
		count_in_flight_dropped();
	return 0;
}

static __always_inline void report(struct call *call, s32 ret)
{
	struct scratch *scratch = of_this_cpu(&scratches);

	if (!scratch)
		return;

	struct event *event = (void *)scratch->event;
	u32 length = read_path(event->path, &call->path);

	if (!length && call->flags & AT_EMPTY_PATH)
		return;
	event->time = bpf_ktime_get_ns();
	set_who(&event->who);
	event->syscall = call->syscall;
	event->ret = ret;
	send(events, event, offsetof(struct event, path) + (length < PATH_MAX ? length : PATH_MAX));
}

static __noinline int leave(s32 ret)
{
	struct call *call = kept_call(&calls);

	if (!call)
		return 0;
	if (!failed_only || ret < 0)
		report(call, ret);
	forget_call(&calls);
	return 0;
}

AT_ENTRY(newstat, enter(STAT, ctx->args[0], 0))
AT_EXIT(newstat, leave(ctx->ret))
AT_ENTRY(newlstat, enter(LSTAT, ctx->args[0], 0))
AT_EXIT(newlstat, leave(ctx->ret))
AT_ENTRY(newfstatat, enter(NEWFSTATAT, ctx->args[1], ctx->args[3]))
AT_EXIT(newfstatat, leave(ctx->ret))
AT_ENTRY(statx, enter(STATX, ctx->args[1], ctx->args[2]))
AT_EXIT(statx, leave(ctx->ret))
AT_ENTRY(statfs, enter(STATFS, ctx->args[0], 0))
AT_EXIT(statfs, leave(ctx->ret))
