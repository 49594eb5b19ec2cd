// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * execsnoop: execve and execveat, from entry to the new image or the failure.
 *
 * The arguments are read at entry. Their pages may not be resident (often so for literals right after a
 * fork), and a program in a tracepoint cannot wait for a page fault. Missing arguments are read again when
 * the kernel itself has read them: from the new image, or if the call fails, from the same addresses.
 *
 * Calls in flight are kept by task and not by thread id: when a thread other than the main thread calls
 * exec, it takes over the id of the main thread.
 */
#include "arguments.h"
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/task/parent_filter.h"

const volatile bool failed_too = false;
const volatile u32 max_args = 20; /* the path counts as one, as in bcc */

struct event {
	u64 time; /* ns since boot, at the exit */
	struct who who; /* of the new image, if there is one */
	char pcomm[TASK_COMM_LEN];
	u32 ppid;
	u32 cpu;
	s32 ret;
	u32 arguments; /* whether they could be read: arguments.h */
	char text[];
};

struct call {
	const char *path;
	const char *const *arguments;
	u64 length; /* of the event's text */
	char event[sizeof(struct event) + ARGUMENTS_ROOM];
};

PER_CPU(scratches, struct call);

/* Calls in flight, by task. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 10240);
	__type(key, u64);
	__type(value, struct call);
} calls SEC(".maps");

EVENTS(events, struct event);

static __always_inline void read_call(struct call *call)
{
	struct event *event = (void *)call->event;

	event->arguments = read_arguments(event->text, &call->length, call->path, call->arguments,
					  max_args);
}

static __always_inline void report(struct call *call, s64 ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *event = (void *)call->event;
	u64 length = call->length;

	event->time = bpf_ktime_get_ns();
	set_who(&event->who);
	event->ppid = parent_pid();
	BPF_CORE_READ_STR_INTO(&event->pcomm, task, real_parent, comm);
	event->cpu = bpf_get_smp_processor_id();
	event->ret = ret;
	if (length > ARGUMENTS_ROOM)
		length = ARGUMENTS_ROOM;
	send(events, event, offsetof(struct event, text) + length);
}

static __always_inline int enter(u64 path, u64 arguments)
{
	u64 task = bpf_get_current_task();
	struct call *call = of_this_cpu(&scratches);

	if (!call || !is_child_wanted())
		return 0;
	call->path = (void *)path;
	call->arguments = (void *)arguments;
	read_call(call);
	if (bpf_map_update_elem(&calls, &task, call, BPF_ANY))
		count_in_flight_dropped();
	return 0;
}

AT_ENTRY(execve, enter(ctx->args[0], ctx->args[1]))
AT_ENTRY(execveat, enter(ctx->args[1], ctx->args[2]))

/* Sees the calls of 32 bit programs as well, which the other tracepoints do not. */
SEC("raw_tp/sched_process_exec")
int BPF_PROG(executed, struct task_struct *task, u32 old_pid, struct linux_binprm *bprm)
{
	u64 key = (u64)task;
	struct call *call = bpf_map_lookup_elem(&calls, &key);
	struct call *scratch = of_this_cpu(&scratches);

	if (call && !(((struct event *)call->event)->arguments & ARGUMENTS_MISSING)) {
		report(call, 0);
	} else if (scratch && (call || is_child_wanted())) {
		struct event *event = (void *)scratch->event;

		event->arguments = read_image_arguments(event->text, &scratch->length, bprm);
		report(scratch, 0);
	}
	bpf_map_delete_elem(&calls, &key);
	return 0;
}

static __always_inline int leave(s64 ret)
{
	u64 task = bpf_get_current_task();
	struct call *call = bpf_map_lookup_elem(&calls, &task);

	if (!call)
		return 0;
	if (failed_too) {
		if (((struct event *)call->event)->arguments & ARGUMENTS_MISSING)
			read_call(call);
		report(call, ret);
	}
	bpf_map_delete_elem(&calls, &task);
	return 0;
}

AT_EXIT(execve, leave(ctx->ret))
AT_EXIT(execveat, leave(ctx->ret))
