// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * shmsnoop: System V shared memory calls, from entry to exit.
 */
#include "../../toolkit/kernel/event_tool.h"

enum syscall {
	SHMGET,
	SHMAT,
	SHMDT,
	SHMCTL,
};

struct event {
	u64 time; /* ns since boot, at exit */
	struct who who;
	u64 arguments[3];
	s64 ret; /* an id, an address or -errno */
	u32 syscall;
};

CALLS(calls, struct event);
EVENTS(events, struct event);

static __noinline int enter(u32 syscall, u64 first, u64 second, u64 third)
{
	struct event event = { .syscall = syscall, .arguments = { first, second, third } };

	if (!is_wanted())
		return 0;
	set_who(&event.who);
	if (!keep_call(&calls, &event))
		count_in_flight_dropped();
	return 0;
}

static __noinline int leave(s64 ret)
{
	struct event *event = kept_call(&calls);

	if (!event)
		return 0;
	event->time = bpf_ktime_get_ns();
	event->ret = ret;
	send(events, event, sizeof(*event));
	forget_call(&calls);
	return 0;
}

/* The verifier rejects programs that read more arguments than the call has. */
AT_ENTRY(shmget, enter(SHMGET, ctx->args[0], ctx->args[1], ctx->args[2]))
AT_EXIT(shmget, leave(ctx->ret))
AT_ENTRY(shmat, enter(SHMAT, ctx->args[0], ctx->args[1], ctx->args[2]))
AT_EXIT(shmat, leave(ctx->ret))
AT_ENTRY(shmdt, enter(SHMDT, ctx->args[0], 0, 0))
AT_EXIT(shmdt, leave(ctx->ret))
AT_ENTRY(shmctl, enter(SHMCTL, ctx->args[0], ctx->args[1], ctx->args[2]))
AT_EXIT(shmctl, leave(ctx->ret))
