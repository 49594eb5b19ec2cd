// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * softirqs: time spent in soft interrupts.
 */
#include "../../toolkit/kernel/irq/irq_times.h"

SEC("raw_tp/softirq_entry")
int enter(void *ctx)
{
	return irq_begins();
}

SEC("raw_tp/softirq_exit")
int leave(u64 *arguments)
{
	struct key key = { .vector = arguments[0] };

	return irq_ends(&key);
}
