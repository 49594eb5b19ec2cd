// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * cpuunclaimed: how many threads each CPU has to run when its clock ticks.
 */
#include "../../toolkit/kernel/base/ring_buffer.h"
#include "../../toolkit/kernel/sched/run_queue_length.h"

struct sample {
	u64 time; /* ns since boot */
	u32 cpu;
	u32 threads; /* with the one that runs */
};

EVENTS(samples, struct sample);

/* The tool attaches it to a clock on each CPU. */
SEC("perf_event")
int sample(void *ctx)
{
	struct sample sample = {
		.time = bpf_ktime_get_ns(),
		.cpu = bpf_get_smp_processor_id(),
		.threads = runnable_threads(),
	};

	send(samples, &sample, sizeof(sample));
	return 0;
}
