// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * sigsnoop: signals as the kernel makes them, or as the kill calls ask for them.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/task/signal_filter.h"

KERNEL_STRUCTS

/* Its fields stand in an anonymous struct, which CO-RE looks into. */
struct kernel_siginfo {
	int si_errno;
	int si_code;
};

KERNEL_STRUCTS_END

/* Not infos but reasons: include/linux/sched/signal.h. */
#define SEND_SIG_PRIV 1
#define SI_KERNEL 0x80
/* enum of include/trace/events/signal.h */
#define OVERFLOW_FAIL 3

const volatile bool failed_only = false;

struct event {
	struct who who; /* sends, or was interrupted by what sends */
	s32 receiver;
	s32 signal;
	s32 result; /* 0 or -errno of a call; si_errno of a signal */
	s32 code; /* si_code */
	s32 outcome; /* what became of the signal; -1: a call's, whose result tells */
	u32 unused;
};

CALLS(calls, struct event);
EVENTS(events, struct event);

SEC("raw_tp/signal_generate")
int generated(u64 *arguments)
{
	struct kernel_siginfo *info = (void *)arguments[1];
	struct task_struct *task = (void *)arguments[2];
	struct event event = { .signal = arguments[0], .outcome = arguments[4] };

	if (!is_signal_wanted(event.signal) || !is_wanted())
		return 0;
	if (arguments[1] > SEND_SIG_PRIV) {
		event.result = BPF_CORE_READ(info, si_errno);
		event.code = BPF_CORE_READ(info, si_code);
	} else if (arguments[1] == SEND_SIG_PRIV) {
		event.code = SI_KERNEL;
	}
	if (failed_only && !event.result && event.outcome < OVERFLOW_FAIL)
		return 0;
	event.receiver = ids_of(task);
	set_who(&event.who);
	send(events, &event, sizeof(event));
	return 0;
}

static __noinline int enter(s32 receiver, s32 signal)
{
	struct event event = { .receiver = receiver, .signal = signal, .outcome = -1 };

	if (!is_signal_wanted(signal) || !is_wanted())
		return 0;
	set_who(&event.who);
	if (!keep_call(&calls, &event))
		count_in_flight_dropped();
	return 0;
}

static __noinline int leave(s32 result)
{
	struct event *event = kept_call(&calls);

	if (!event)
		return 0;
	event->result = result;
	if (!failed_only || result < 0)
		send(events, event, sizeof(*event));
	forget_call(&calls);
	return 0;
}

AT_ENTRY(kill, enter(ctx->args[0], ctx->args[1]))
AT_EXIT(kill, leave(ctx->ret))
AT_ENTRY(tkill, enter(ctx->args[0], ctx->args[1]))
AT_EXIT(tkill, leave(ctx->ret))
AT_ENTRY(tgkill, enter(ctx->args[1], ctx->args[2]))
AT_EXIT(tgkill, leave(ctx->ret))
