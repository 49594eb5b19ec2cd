// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * cpufreq: samples of the frequency at which CPUs run, by process.
 */
#include "../../toolkit/kernel/base/dropped.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/task/filter.h"

#define STEP_MHZ 200

/* By CPU, in kHz. The tool sets the size and the frequencies at the start. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} frequencies SEC(".maps");

struct key {
	u32 slot; /* STEP_MHZ wide, from slot * STEP_MHZ on */
	u32 is_idle; /* 1: the idle task, whose comm is left empty */
	char comm[TASK_COMM_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct key);
	__type(value, u64);
} samples SEC(".maps");

u64 unknown; /* samples on CPUs whose frequency is unknown */

/* Arguments: frequency in kHz, CPU. The current CPU may be another one. */
SEC("raw_tp/cpu_frequency")
int changed(u64 *arguments)
{
	u32 frequency = arguments[0], cpu = arguments[1];

	/* Fails for a CPU beyond the map, which came online later: its samples count as unknown. */
	bpf_map_update_elem(&frequencies, &cpu, &frequency, BPF_ANY);
	return 0;
}

/* The tool attaches this program to perf event cpu-clock on each CPU. */
SEC("perf_event")
int sample(void *ctx)
{
	u32 cpu = bpf_get_smp_processor_id();
	u32 *frequency = bpf_map_lookup_elem(&frequencies, &cpu);
	struct key key = { .is_idle = !(u32)bpf_get_current_pid_tgid() };
	u64 zero = 0;

	if (!is_wanted())
		return 0;
	if (!frequency || !*frequency) {
		__sync_fetch_and_add(&unknown, 1);
		return 0;
	}
	key.slot = *frequency / 1000 / STEP_MHZ;
	if (!key.is_idle)
		bpf_get_current_comm(key.comm, sizeof(key.comm));

	u64 *count = lookup_or_insert(&samples, &key, &zero);

	__sync_fetch_and_add(count ? count : &dropped, 1);
	return 0;
}
