// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Sums what user space puts into a ring buffer, when getppid(2) of one process tells it to. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>

#define BPF_MAP_TYPE_USER_RINGBUF 31

const volatile u32 target_pid = 0;

struct record {
	u64 number;
	u32 more;
};

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct record);
} numbers SEC(".maps");

u64 sum = 0;
u64 count = 0;

static long add(void *dynptr, void *ctx)
{
	struct record record;

	if (bpf_dynptr_read(&record, sizeof(record), dynptr, 0, 0))
		return 1;
	sum += record.number + record.more;
	count++;
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int drain(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == target_pid)
		bpf_user_ringbuf_drain(&numbers, add, NULL, 0);
	return 0;
}
