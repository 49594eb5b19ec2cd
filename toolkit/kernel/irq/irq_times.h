/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Time spent in interrupts, by name (irq_report.ts prints it).
 *
 * An interrupt of one kind does not nest on a CPU: one start time per CPU is enough.
 */
#pragma once

#include "../base/log2.h"
#include "../base/dropped.h"
#include "../base/maps.h"

#define IRQ_NAME_LENGTH 32
#define ANY_CPU 0xffffffff

const volatile u32 target_cpu = ANY_CPU;
const volatile u32 unit_ns = 1000;
const volatile bool by_slot = false;

struct key {
	char name[IRQ_NAME_LENGTH]; /* of a hard interrupt's handler */
	u32 vector; /* of a soft interrupt */
	u32 slot; /* 0 unless by_slot */
};

struct sums {
	u64 count;
	u64 time; /* ns */
};

/* Totals since the start; never reset. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct sums);
} irqs SEC(".maps");

PER_CPU(begun, u64);

static __always_inline bool is_cpu_wanted(void)
{
	return target_cpu == ANY_CPU || target_cpu == bpf_get_smp_processor_id();
}

static __always_inline int irq_begins(void)
{
	u64 *time = of_this_cpu(&begun);

	if (time)
		*time = is_cpu_wanted() ? bpf_ktime_get_ns() : 0;
	return 0;
}

static __always_inline int irq_ends(struct key *key)
{
	u64 *begin = of_this_cpu(&begun);
	struct sums zero = {};

	if (!begin || !*begin)
		return 0; /* it began before tracing did */

	u64 time = bpf_ktime_get_ns() - *begin;

	*begin = 0;
	if (by_slot)
		key->slot = log2_slot(time / unit_ns);

	struct sums *sums = lookup_or_insert(&irqs, key, &zero);

	if (!sums) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	__sync_fetch_and_add(&sums->count, 1);
	__sync_fetch_and_add(&sums->time, time);
	return 0;
}
