// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * biolatpcts: histogram of the latency of a disk's block I/O requests, with finer steps for short times.
 */
#include "../../toolkit/kernel/block/request.h"
#include "../../toolkit/kernel/base/maps.h"

KERNEL_STRUCTS

struct request___times {
	u64 start_time_ns;
	u64 alloc_time_ns; /* with CONFIG_BLK_RQ_ALLOC_TIME */
};

KERNEL_STRUCTS_END

/* Where latency begins: option -w. */
#define ON_DEVICE 0
#define AFTER_ALLOCATION 1
#define FROM_ALLOCATION 2
const volatile u32 start_kind = ON_DEVICE;

#define NSEC_PER_MSEC 1000000ull
#define STEPS 100
#define SLOTS (3 * STEPS) /* STEPS each of 10 us, 1 ms and 100 ms */
#define OPERATIONS 4 /* reads, writes, flushes and discards are the first */

/* Totals since the start. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OPERATIONS * SLOTS);
	__type(key, u32);
	__type(value, u64);
} latencies SEC(".maps");

/* When requests were issued to the disk. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u64);
} issued SEC(".maps");

u64 dropped;
u64 untimed; /* requests whose start time the kernel does not record */

SEC("raw_tp/block_rq_issue")
int rq_issue(u64 *arguments)
{
	struct request *request = request_of(arguments);
	u64 key = (u64)request;
	u64 now = bpf_ktime_get_ns();

	if (is_device_wanted(device_of(request)) &&
	    bpf_map_update_elem(&issued, &key, &now, BPF_ANY))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

/* Returns when a request began, in ns since boot (0: unknown), and deletes its entry. */
static __always_inline u64 take_start(struct request *request)
{
	struct request___times *times = (void *)request;
	u64 key = (u64)request;
	u64 start = 0;

	if (start_kind == AFTER_ALLOCATION)
		return BPF_CORE_READ(times, start_time_ns);
	if (start_kind == FROM_ALLOCATION)
		return bpf_core_field_exists(times->alloc_time_ns) ?
			       BPF_CORE_READ(times, alloc_time_ns) :
			       0;

	u64 *time = bpf_map_lookup_elem(&issued, &key);

	if (time) {
		start = *time;
		bpf_map_delete_elem(&issued, &key);
	}
	return start;
}

static __always_inline u32 slot_of(u64 time)
{
	u64 hundreds = time / (100 * NSEC_PER_MSEC);
	u64 milliseconds = time / NSEC_PER_MSEC;

	if (hundreds)
		return 2 * STEPS + (hundreds < STEPS ? hundreds : STEPS - 1);
	return milliseconds ? STEPS + milliseconds : time / (NSEC_PER_MSEC / STEPS);
}

SEC("raw_tp/block_rq_complete")
int rq_complete(u64 *arguments)
{
	struct request *request = (void *)arguments[0];
	u32 operation = BPF_CORE_READ(request, cmd_flags) & REQ_OP_MASK;

	if (operation >= OPERATIONS || !is_device_wanted(device_of(request)) ||
	    !is_last_part(arguments))
		return 0;

	u64 start = take_start(request);

	if (!start) {
		/* ON_DEVICE: issued before tracing began, or already counted as dropped when the map was full. */
		if (start_kind != ON_DEVICE)
			__sync_fetch_and_add(&untimed, 1);
		return 0;
	}

	u32 slot = operation * SLOTS + slot_of(bpf_ktime_get_ns() - start);
	u64 *count = bpf_map_lookup_elem(&latencies, &slot);

	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}
