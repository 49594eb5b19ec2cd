// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * uthreads: threads as reported by language runtimes, and those of pthread_create(), with their kernel
 * thread id.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/base/registers.h"
#include "../../toolkit/kernel/probes/probe_point.h"

#define THREAD_TEXT 80
#define PTHREAD 2

struct event {
	struct who who;
	u64 time; /* ns since boot */
	u64 id; /* the runtime's; for a pthread its start function */
	u64 native_id;
	u32 kind; /* of the probe point, or PTHREAD */
	u32 unused;
	char name[THREAD_TEXT];
};

/* Start functions of threads being created, by the creating thread. */
CALLS(creations, u64);
EVENTS(events, struct event);

/* Operands: the name, its length, the runtime's id, the native id. */
SEC("uprobe")
int at_thread(u64 *ctx)
{
	struct probe_point *point = this_probe_point(ctx);
	struct event event = { .time = bpf_ktime_get_ns() };

	if (!point || !is_wanted())
		return 0;
	event.kind = point->kind;
	event.id = operand_value(ctx, &point->operands[2]);
	event.native_id = operand_value(ctx, &point->operands[3]);
	read_point_text(ctx, point, 0, 1, event.name, THREAD_TEXT);
	set_who(&event.who);
	send(events, &event, sizeof(event));
	return 0;
}

SEC("uprobe")
int begin_create(u64 *registers)
{
	u64 routine = argument(registers, 2);

	if (is_wanted() && !keep_call(&creations, &routine))
		count_in_flight_dropped();
	return 0;
}

SEC("uretprobe")
int end_create(u64 *registers)
{
	forget_call(&creations);
	return 0;
}

SEC("raw_tp/sched_process_fork")
int forked(u64 *arguments)
{
	u64 *routine = kept_call(&creations);
	struct event event = { .time = bpf_ktime_get_ns(), .kind = PTHREAD };

	if (!routine)
		return 0;
	event.id = *routine;
	event.native_id = (u32)ids_of((struct task_struct *)arguments[1]);
	set_who(&event.who);
	send(events, &event, sizeof(event));
	return 0;
}
