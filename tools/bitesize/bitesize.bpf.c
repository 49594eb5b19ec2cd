// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * bitesize: how large block I/O requests are, by the process that gives them to the disk.
 */
#include "../../toolkit/kernel/block/request.h"
#include "../../toolkit/kernel/base/log2.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/task/filter.h"

#define BYTES_PER_KBYTE 1024

struct key {
	char comm[TASK_COMM_LEN];
	u32 slot;
};

/* What was counted since the start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, u64);
} sizes SEC(".maps");

u64 dropped;

SEC("raw_tp/block_rq_issue")
int rq_issue(u64 *arguments)
{
	struct request *request = REQUEST(arguments);
	u64 zero = 0;
	struct key key = {
		.slot = log2_slot(BPF_CORE_READ(request, __data_len) / BYTES_PER_KBYTE),
	};

	if (!is_device_wanted(device_of(request)) || !is_wanted())
		return 0;
	bpf_get_current_comm(key.comm, sizeof(key.comm));

	u64 *count = lookup_or_insert(&sizes, &key, &zero);

	__sync_fetch_and_add(count ? count : &dropped, 1);
	return 0;
}
