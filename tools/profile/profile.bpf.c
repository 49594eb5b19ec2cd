// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * profile: samples of the running stacks.
 */
#include "../../toolkit/kernel/stacks/unwind.h"
#include "../../toolkit/kernel/stacks/images.h"
#include "../../toolkit/kernel/stacks/stacks.h"
#include "../../toolkit/kernel/stacks/heat.h"

const volatile bool include_idle = false;

/* The tool attaches it to a perf event on each CPU. */
SEC("perf_event")
int sample(void *ctx)
{
	u64 ids = current_ids();
	struct stack_key key = { .pid = ids >> 32 };
	u64 now;

	/* The idle thread of each CPU has thread id 0. */
	if (!include_idle && !(u32)bpf_get_current_pid_tgid())
		return 0;
	if (!is_wanted() || !is_target(ids))
		return 0;
	set_stacks(&key, ctx);
	key.image = user_stacks ? current_image() : 0;
	now = bpf_ktime_get_ns();
	add_to_stack(&key, 1, now);
	add_to_heat(&key, now);
	return 0;
}
