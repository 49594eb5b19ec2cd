// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * funccount: how often functions, tracepoints and USDT probes are passed.
 */
#include "../../toolkit/kernel/probes/call_counts.h"

const volatile s32 target_cpu = -1; /* -1: any */

static __always_inline int count(void *ctx)
{
	if (target_cpu >= 0 && target_cpu != bpf_get_smp_processor_id())
		return 0;
	return count_match(ctx);
}

ON_FUNCTIONS(on, count)
ON_TRACEPOINTS(on, count)
