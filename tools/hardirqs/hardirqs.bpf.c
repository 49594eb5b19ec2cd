// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * hardirqs: time spent in handlers of hard interrupts.
 */
#include "../../toolkit/kernel/irq/irq_times.h"

KERNEL_STRUCTS

struct irqaction {
	const char *name;
};

KERNEL_STRUCTS_END

SEC("raw_tp/irq_handler_entry")
int enter(void *ctx)
{
	return irq_begins();
}

SEC("raw_tp/irq_handler_exit")
int leave(u64 *arguments)
{
	struct irqaction *action = (void *)arguments[1];
	struct key key = {};

	bpf_probe_read_kernel_str(key.name, sizeof(key.name), BPF_CORE_READ(action, name));
	return irq_ends(&key);
}
