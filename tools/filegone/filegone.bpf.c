// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * filegone: system calls that remove or rename files and directories, from entry to exit.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/fs/path_list.h"

enum action {
	DELETE,
	RENAME,
};

struct call {
	u32 action;
	struct path_argument path;
	struct path_argument new_path;
};

struct event {
	u64 time; /* ns since boot, at exit */
	struct who who;
	u32 action;
	char paths[]; /* each ends in NUL */
};

/* Buffers in which a call and an event are built. */
struct scratch {
	struct call call;
	u64 length; /* of the event's paths */
	char event[sizeof(struct event) + TEXTS_ROOM];
};

PER_CPU(scratches, struct scratch);
CALLS(calls, struct call);
EVENTS(events, struct event);

static __noinline int enter(u32 action, u64 path, u64 new_path)
{
	struct scratch *scratch = of_this_cpu(&scratches);

	if (!scratch || !is_wanted())
		return 0;
	scratch->call.action = action;
	keep_text(&scratch->call.path, path);
	if (action == RENAME)
		keep_text(&scratch->call.new_path, new_path);
	if (!keep_call(&calls, &scratch->call))
		count_in_flight_dropped();
	return 0;
}

static __always_inline void report(struct call *call)
{
	struct scratch *scratch = of_this_cpu(&scratches);

	if (!scratch)
		return;

	struct event *event = (void *)scratch->event;

	event->time = bpf_ktime_get_ns();
	set_who(&event->who);
	event->action = call->action;
	scratch->length = 0;
	append_text(event->paths, &scratch->length, &call->path);
	if (call->action == RENAME)
		append_text(event->paths, &scratch->length, &call->new_path);

	u64 length = scratch->length;

	if (length > TEXTS_ROOM)
		length = TEXTS_ROOM;
	send(events, event, offsetof(struct event, paths) + length);
}

static __noinline int leave(s64 ret)
{
	struct call *call = kept_call(&calls);

	if (!call)
		return 0;
	if (!ret)
		report(call);
	forget_call(&calls);
	return 0;
}

AT_ENTRY(unlink, enter(DELETE, ctx->args[0], 0))
AT_EXIT(unlink, leave(ctx->ret))
AT_ENTRY(unlinkat, enter(DELETE, ctx->args[1], 0))
AT_EXIT(unlinkat, leave(ctx->ret))
AT_ENTRY(rmdir, enter(DELETE, ctx->args[0], 0))
AT_EXIT(rmdir, leave(ctx->ret))
AT_ENTRY(rename, enter(RENAME, ctx->args[0], ctx->args[1]))
AT_EXIT(rename, leave(ctx->ret))
AT_ENTRY(renameat, enter(RENAME, ctx->args[1], ctx->args[3]))
AT_EXIT(renameat, leave(ctx->ret))
AT_ENTRY(renameat2, enter(RENAME, ctx->args[1], ctx->args[3]))
AT_EXIT(renameat2, leave(ctx->ret))
