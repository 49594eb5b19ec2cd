// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* One map of every kind that needs more than get and set, fed by one process's getppid(2) calls. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>

#define BPF_MAP_TYPE_PROG_ARRAY 3
#define BPF_MAP_TYPE_PERF_EVENT_ARRAY 4
#define BPF_MAP_TYPE_STACK_TRACE 7
#define BPF_MAP_TYPE_LPM_TRIE 11
#define BPF_MAP_TYPE_ARRAY_OF_MAPS 12
#define BPF_MAP_TYPE_HASH_OF_MAPS 13
#define BPF_MAP_TYPE_QUEUE 22
#define BPF_MAP_TYPE_STACK 23
#define BPF_F_NO_PREALLOC 1
#define BPF_F_USER_STACK (1ULL << 8)
#define BPF_F_CURRENT_CPU 0xffffffffULL

const volatile u32 target_pid = 0;

u64 calls = 0;
u64 refused = 0;
u64 tail_calls[2] = {};
s64 user_stack = -1;
s64 kernel_stack = -1;
u64 counter_value = 0;
s64 counter_result = -1;
u32 address = 0;
u32 route = 0;

/* Of a size that makes records wrap around the end of a ring. */
struct sample {
	u64 sequence;
	u64 time;
	u32 cpu;
	char label[20];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, u32);
	__type(value, struct sample);
} samples SEC(".maps");

/* Declares its values as what they are; programs send `struct sample` all the same. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, u32);
	__type(value, u32);
} untold SEC(".maps");

/* As most people write them: a ring buffer does not say what it holds. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} untold_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, u32);
	__type(value, u32);
} counters SEC(".maps");

struct prefix {
	u32 bits;
	u8 address[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, u32);
} routes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 7);
	__type(value, u64);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 7);
	__type(value, u64);
} stack SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} stacks SEC(".maps");

/* Apart from the others: two stacks may have the same number, and the second is refused then. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} kernel_stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, u32);
} tails SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, u64);
};

struct inner first SEC(".maps");
struct inner second SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct inner);
} by_index SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, u64);
	__array(values, struct inner);
} by_key SEC(".maps");

static __always_inline void count_in(void *inner, u32 slot)
{
	u64 *count = inner ? bpf_map_lookup_elem(inner, &slot) : NULL;

	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline void look_up_route(void)
{
	struct prefix key = { .bits = 32 };
	u32 *found;

	*(u32 *)key.address = address;
	found = bpf_map_lookup_elem(&routes, &key);
	route = found ? *found : 0;
}

struct bpf_perf_event_value {
	u64 value;
	u64 enabled;
	u64 running;
};

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_call(struct syscall_enter *ctx)
{
	struct bpf_perf_event_value counter = {};
	u64 key = 1009;

	if (bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	u64 sequence = __sync_fetch_and_add(&calls, 1);
	u32 index = sequence & 1;
	struct sample sample = {
		.sequence = sequence,
		.time = bpf_ktime_get_ns(),
		.cpu = bpf_get_smp_processor_id(),
		.label = "prime",
	};

	if (bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &sample, sizeof(sample)))
		__sync_fetch_and_add(&refused, 1);
	bpf_perf_event_output(ctx, &untold, BPF_F_CURRENT_CPU, &sample, sizeof(sample));
	bpf_ringbuf_output(&untold_ring, &sample, sizeof(sample), 0);
	bpf_map_push_elem(&queue, &sequence, BPF_EXIST);
	bpf_map_push_elem(&stack, &sequence, BPF_EXIST);
	count_in(bpf_map_lookup_elem(&by_index, &index), 2);
	count_in(bpf_map_lookup_elem(&by_key, &key), 1);
	look_up_route();
	user_stack = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	kernel_stack = bpf_get_stackid(ctx, &kernel_stacks, 0);
	counter_result = bpf_perf_event_read_value(&counters, BPF_F_CURRENT_CPU, &counter,
						   sizeof(counter));
	counter_value = counter.value;
	bpf_tail_call(ctx, &tails, index);
	return 0;
}

/* For a link that can be pinned. */
SEC("raw_tracepoint/sched_process_exec")
int on_exec(void *ctx)
{
	return 0;
}

/* Reached by tail calls only. */
SEC("tracepoint")
int tail_even(struct syscall_enter *ctx)
{
	__sync_fetch_and_add(&tail_calls[0], 1);
	return 0;
}

SEC("tracepoint")
int tail_odd(struct syscall_enter *ctx)
{
	__sync_fetch_and_add(&tail_calls[1], 1);
	return 0;
}
