// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * capable: capability checks (cap_capable).
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/base/registers.h"
#include "../../toolkit/kernel/stacks/event_stacks.h"

/* Bits of cap_capable()'s last argument: include/linux/security.h. */
#define CAP_OPT_NOAUDIT 2
#define CAP_OPT_INSETID 4

#define UNKNOWN -1

const volatile bool audited_only = true;
const volatile bool kernel_stacks = false;
const volatile bool user_stacks = false;

struct event {
	struct who who;
	u64 ns; /* since boot */
	u64 kernel; /* stacks, in `stacks` */
	u64 user;
	s32 capability;
	s32 audit; /* -1: not known */
	s32 set_id; /* -1: not known */
	s32 result; /* 0 or -EPERM; 1: not known */
};

EVENTS(events, struct event);

static __always_inline int checked(void *ctx, s32 capability, s32 options, s32 result)
{
	struct event event = {
		.capability = capability,
		.audit = UNKNOWN,
		.set_id = UNKNOWN,
		.result = result,
	};

	if (options != UNKNOWN) {
		event.audit = !(options & CAP_OPT_NOAUDIT);
		event.set_id = !!(options & CAP_OPT_INSETID);
	}
	if ((audited_only && !event.audit) || !is_wanted())
		return 0;
	set_who(&event.who);
	event.ns = bpf_ktime_get_ns();
	if (kernel_stacks)
		event.kernel = keep_event_stack(ctx, 0);
	if (user_stacks)
		event.user = keep_event_stack(ctx, BPF_F_USER_STACK);
	send(events, &event, sizeof(event));
	return 0;
}

SEC("fexit/cap_capable")
int BPF_PROG(fexit_cap_capable, void *cred, void *ns, int capability, unsigned int options, int result)
{
	return checked(ctx, capability, options, result);
}

SEC("kprobe/cap_capable")
int kprobe_cap_capable(u64 *registers)
{
	return checked(registers, argument(registers, 2), argument(registers, 3), 1);
}

SEC("raw_tp/cap_capable")
int tp_cap_capable(u64 *arguments)
{
	return checked(arguments, arguments[3], UNKNOWN, arguments[4]);
}
