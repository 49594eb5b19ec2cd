// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * killsnoop: kill, from entry to exit.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/task/signal_filter.h"

const volatile bool failed_only = false;
const volatile s32 target_receiver = 0; /* 0: any */

struct event {
	struct who who;
	s32 receiver; /* as it was asked for: 0 or negative for many processes */
	s32 signal;
	s64 ret;
};

CALLS(calls, struct event);
EVENTS(events, struct event);

static __always_inline int enter(s32 receiver, s32 signal)
{
	struct event event = { .receiver = receiver, .signal = signal };

	if (target_receiver && receiver != target_receiver)
		return 0;
	if (!is_signal_wanted(signal) || !is_wanted())
		return 0;
	set_who(&event.who);
	if (!keep_call(&calls, &event))
		count_lost(events);
	return 0;
}

static __always_inline int leave(s64 ret)
{
	struct event *event = kept_call(&calls);

	if (!event)
		return 0;
	event->ret = ret;
	if (!failed_only || ret < 0)
		send(events, event, sizeof(*event));
	forget_call(&calls);
	return 0;
}

AT_ENTRY(kill, enter(ctx->args[0], ctx->args[1]))
AT_EXIT(kill, leave(ctx->ret))
