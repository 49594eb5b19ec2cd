// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Ten programs as C programmers write them; kernel_code.ts has the same in TypeScript. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

#define PROGRAM(name) SEC("raw_tp") int name(struct bpf_raw_tracepoint_args *ctx)

#define HASH(name, key_type)                                                                       \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, 10240);                                                        \
		__type(key, key_type);                                                             \
		__type(value, u64);                                                                \
	} name SEC(".maps")

struct comm {
	char text[16];
};

struct event {
	u64 time;
	u32 pid;
	u32 uid;
	char comm[16];
};

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *real_parent;
	char comm[16];
} __attribute__((preserve_access_index));

HASH(counts, struct comm);
HASH(begun, u32);
HASH(seen, u64);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65);
	__type(key, u32);
	__type(value, u64);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
u64 total;
u64 target = 5;
u64 events_dropped;

PROGRAM(nothing)
{
	return 0;
}

PROGRAM(counter)
{
	__sync_fetch_and_add(&total, 1);
	return 0;
}

PROGRAM(filter)
{
	if (target && ctx->args[0] != target)
		return 0;
	__sync_fetch_and_add(&total, 1);
	return 0;
}

static __always_inline void increment(void *map, void *key)
{
	u64 one = 1, *value = bpf_map_lookup_elem(map, key);

	if (value) {
		__sync_fetch_and_add(value, 1);
		return;
	}
	if (bpf_map_update_elem(map, key, &one, BPF_NOEXIST) == 0)
		return;
	value = bpf_map_lookup_elem(map, key);
	if (value)
		__sync_fetch_and_add(value, 1);
}

PROGRAM(count_by_comm)
{
	struct comm comm;

	bpf_get_current_comm(&comm, sizeof(comm));
	increment(&counts, &comm);
	return 0;
}

PROGRAM(count_by_number)
{
	u64 key = ctx->args[0];

	increment(&seen, &key);
	return 0;
}

static __always_inline u32 bits_of(u64 value)
{
	u32 bits = 0;

	for (u32 half = 32; half; half /= 2) {
		if (value >> half) {
			value >>= half;
			bits += half;
		}
	}
	return bits + (value != 0);
}

PROGRAM(histogram)
{
	u32 slot = bits_of(ctx->args[0]);
	u64 *count = bpf_map_lookup_elem(&slots, &slot);

	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

PROGRAM(emit)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&events_dropped, 1);
		return 0;
	}
	event->time = bpf_ktime_get_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}

PROGRAM(latency)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 now = bpf_ktime_get_ns(), *since;

	bpf_map_update_elem(&begun, &tid, &now, BPF_ANY);
	since = bpf_map_lookup_elem(&begun, &tid);
	if (!since)
		return 0;
	__sync_fetch_and_add(&total, bpf_ktime_get_ns() - *since);
	bpf_map_delete_elem(&begun, &tid);
	return 0;
}

PROGRAM(arithmetic)
{
	u64 x = ctx->args[0], y = ctx->args[1];

	x = x * 31 + y;
	x ^= x >> 7;
	x += y << 3;
	y = x / 10 + x % 10;
	x = x * y ^ y >> 5;
	x = x > y ? x - y : y - x;
	total = x ^ y;
	return 0;
}

PROGRAM(loop)
{
	u64 sum = 0, x = ctx->args[0];

	for (u32 i = 0; i < 64; i++) {
		x = x * 6364136223846793005ull + i;
		if (x & 1)
			sum += x >> 32;
	}
	total = sum;
	return 0;
}

PROGRAM(task)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	total = (u32)(BPF_CORE_READ(task, real_parent, tgid) + BPF_CORE_READ(task, real_parent, pid) +
		      BPF_CORE_READ(task, tgid));
	return 0;
}
