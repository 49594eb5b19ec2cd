// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * funcslower: calls of functions that take longer than a limit, with arguments and result.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/base/registers.h"
#include "../../toolkit/kernel/stacks/event_stacks.h"

#define ARGUMENTS 6
#define LEVELS 32
#define CALL_MEMBERS u64 arguments[ARGUMENTS];
#include "../../toolkit/kernel/probes/call_stack.h"
#include "../../toolkit/kernel/probes/pattern_programs.h"

const volatile u64 least_ns = 0;
const volatile u32 arguments = 0; /* how many are shown */
const volatile bool user_stacks = false;
const volatile bool kernel_stacks = false;

struct event {
	struct who who;
	u64 start; /* ns since boot */
	u64 time; /* ns */
	u64 result;
	u64 user; /* id of the caller's user stack: kept_stacks.h */
	u64 kernel;
	u32 function;
	u32 unused;
	u64 arguments[ARGUMENTS];
};

EVENTS(events, struct event);

/* The processes whose user stacks were kept last: the tool keeps their mappings for a while, however many
 * other processes start and end. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096); /* set by the tool */
	__type(key, u32);
	__type(value, u32);
} callers SEC(".maps");

static __always_inline u64 keep_user_stack(void *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32, one = 1;

	bpf_map_update_elem(&callers, &pid, &one, BPF_ANY);
	return keep_event_stack(ctx, BPF_F_USER_STACK);
}

static __always_inline int enter(void *ctx)
{
	struct call *call;

	if (!is_wanted())
		return 0;
	call = push_call(bpf_get_attach_cookie(ctx));
	if (!call) {
		count_in_flight_dropped();
		return 0;
	}
	for (u32 i = 0; i < ARGUMENTS; i++)
		call->arguments[i] = i < arguments ? argument(ctx, i) : 0;
	return 0;
}

static __always_inline int leave(void *ctx)
{
	u64 now = bpf_ktime_get_ns();
	u32 function = bpf_get_attach_cookie(ctx);
	struct call call = {};
	struct event event = { .function = function, .result = result(ctx) };

	if (!is_wanted() || !take_call(function, &call))
		return 0;
	event.time = (s64)(now - call.start) > 0 ? now - call.start : 0;
	if (event.time < least_ns)
		return 0;
	event.start = call.start;
	__builtin_memcpy(event.arguments, call.arguments, sizeof(event.arguments));
	event.user = user_stacks ? keep_user_stack(ctx) : NO_STACK;
	event.kernel = kernel_stacks ? keep_event_stack(ctx, 0) : NO_STACK;
	set_who(&event.who);
	send(events, &event, sizeof(event));
	return 0;
}

ON_FUNCTIONS(enter, enter)
ON_FUNCTIONS(leave, leave)
