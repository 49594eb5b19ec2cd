// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * killsnoop: kill and the other system calls that send a signal, from entry to exit.
 *
 * Process ids are those of the sender's pid namespace, as in the calls themselves.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/task/signal_filter.h"
#include "pidfd.h"

const volatile bool failed_only = false;
const volatile bool own_threads = false;
const volatile s32 target_receiver = 0; /* 0: any */

#define EBADF 9

enum syscall {
	KILL,
	TKILL,
	TGKILL,
	RT_SIGQUEUEINFO,
	RT_TGSIGQUEUEINFO,
	PIDFD_SEND_SIGNAL,
};

struct event {
	struct who who;
	s32 receiver; /* process id; 0 or negative: several processes, as in kill(2) */
	s32 thread; /* 0: none in the call */
	s32 signal;
	u32 syscall;
	s64 ret;
};

CALLS(calls, struct event);
EVENTS(events, struct event);

/* The number of a struct pid in the current task's pid namespace; 0 if it is not visible there. */
static __always_inline s32 number_for_current(struct pid *pid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 level = BPF_CORE_READ(task, thread_pid, level);
	struct upid *numbers = (void *)pid + bpf_core_field_offset(struct pid, numbers);
	struct upid *number = (void *)numbers + level * bpf_core_type_size(struct upid);

	return BPF_CORE_READ(pid, level) < level ? 0 : BPF_CORE_READ(number, nr);
}

static __always_inline s32 own_number(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return number_for_current(BPF_CORE_READ(task, group_leader, thread_pid));
}

static __noinline int enter(u32 syscall, s32 receiver, s32 thread, s32 signal)
{
	struct event event = {
		.syscall = syscall,
		.receiver = receiver,
		.thread = thread,
		.signal = signal,
	};

	if (!is_signal_wanted(signal) || !is_wanted())
		return 0;
	set_who(&event.who);
	if (!keep_call(&calls, &event))
		count_in_flight_dropped();
	return 0;
}

static __always_inline int begin_tkill(s32 thread, s32 signal)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	bool is_own = thread == number_for_current(BPF_CORE_READ(task, thread_pid));

	return enter(TKILL, is_own ? own_number() : 0, thread, signal);
}

static __always_inline int begin_pidfd(s32 fd, s32 signal, u32 flags)
{
	struct file___pidfd *file = (void *)file_of(fd);
	s32 number = number_for_current(pid_of(file));

	if (flags & PIDFD_SIGNAL_PROCESS_GROUP)
		return enter(PIDFD_SEND_SIGNAL, -number, 0, signal);
	if (flags & PIDFD_SIGNAL_THREAD || (!flags && BPF_CORE_READ(file, f_flags) & PIDFD_THREAD))
		return enter(PIDFD_SEND_SIGNAL, 0, number, signal);
	return enter(PIDFD_SEND_SIGNAL, number, 0, signal);
}

/* Finds the process for calls that name only a thread (tkill, a pidfd of a thread). */
SEC("raw_tp/signal_generate")
int generated(u64 *arguments)
{
	struct event *call = kept_call(&calls);
	struct task_struct *task = (void *)arguments[2];

	if (call && call->thread && !call->receiver)
		call->receiver = number_for_current(BPF_CORE_READ(task, group_leader, thread_pid));
	return 0;
}

static __always_inline bool is_call_wanted(struct event *event)
{
	if (failed_only && event->ret >= 0)
		return false;
	if (!own_threads && event->thread && event->receiver == own_number())
		return false;
	return !target_receiver || event->receiver == target_receiver || event->thread == target_receiver;
}

static __noinline int leave(s64 ret)
{
	struct event *event = kept_call(&calls);

	if (!event)
		return 0;
	event->ret = ret;
	if (event->syscall == PIDFD_SEND_SIGNAL && ret == -EBADF)
		event->receiver = event->thread = 0; /* not a pidfd */
	if (!event->receiver)
		event->receiver = event->thread; /* no signal was generated that would tell the process */
	if (is_call_wanted(event))
		send(events, event, sizeof(*event));
	forget_call(&calls);
	return 0;
}

AT_ENTRY(kill, enter(KILL, ctx->args[0], 0, ctx->args[1]))
AT_EXIT(kill, leave(ctx->ret))
AT_ENTRY(tkill, begin_tkill(ctx->args[0], ctx->args[1]))
AT_EXIT(tkill, leave(ctx->ret))
AT_ENTRY(tgkill, enter(TGKILL, ctx->args[0], ctx->args[1], ctx->args[2]))
AT_EXIT(tgkill, leave(ctx->ret))
AT_ENTRY(rt_sigqueueinfo, enter(RT_SIGQUEUEINFO, ctx->args[0], 0, ctx->args[1]))
AT_EXIT(rt_sigqueueinfo, leave(ctx->ret))
AT_ENTRY(rt_tgsigqueueinfo, enter(RT_TGSIGQUEUEINFO, ctx->args[0], ctx->args[1], ctx->args[2]))
AT_EXIT(rt_tgsigqueueinfo, leave(ctx->ret))
AT_ENTRY(pidfd_send_signal, begin_pidfd(ctx->args[0], ctx->args[1], ctx->args[3]))
AT_EXIT(pidfd_send_signal, leave(ctx->ret))
