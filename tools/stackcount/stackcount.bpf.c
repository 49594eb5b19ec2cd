// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * stackcount: stacks at hits of functions, tracepoints and USDT probes.
 */
#include "../../toolkit/kernel/stacks/unwind.h"
#include "../../toolkit/kernel/stacks/images.h"
#include "../../toolkit/kernel/stacks/stack_slots.h"
#include "../../toolkit/kernel/stacks/stacks.h"
#include "../../toolkit/kernel/probes/pattern_programs.h"

const volatile s32 target_cpu = -1; /* -1: any */
const volatile bool by_process = false;

static __always_inline int count(void *ctx)
{
	u64 ids = current_ids();
	struct stack_key key = {};

	if (target_cpu >= 0 && target_cpu != bpf_get_smp_processor_id())
		return 0;
	if (!is_wanted())
		return 0;
	if (by_process) {
		key.pid = ids >> 32;
		bpf_get_current_comm(key.comm, sizeof(key.comm));
	}
	/* User stacks are counted by process, for their symbols; the tool merges equal ones. */
	if (by_process || user_stacks)
		key.process = in_pidns ? ids >> 32 : bpf_get_current_pid_tgid() >> 32;
	if (user_stacks)
		key.image = current_image();
	key.user = user_stacks ? keep_stack_in_slot(ctx, BPF_F_USER_STACK) : NO_STACK;
	key.kernel = kernel_stacks ? keep_stack_in_slot(ctx, 0) : NO_STACK;
	add_to_stack(&key, 1, bpf_ktime_get_ns());
	return 0;
}

ON_FUNCTIONS(on, count)
ON_TRACEPOINTS(on, count)
