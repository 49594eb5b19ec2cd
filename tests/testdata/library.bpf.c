// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* One object for the library's tests: getppid(2) calls of one process, told in every way. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>
#include "base/ring_buffer.h"

const volatile u32 target_pid = 0;
const volatile char label[16] = "";
const volatile s64 offset = 0;
const volatile bool discard_odd = false;

u64 calls = 0;
s32 writable = -7;

enum phase { PHASE_FIRST = 1, PHASE_LATER = 2 };

struct inner {
	u8 kind;
	u32 count;
};

struct event {
	u64 sequence;
	s64 shifted;
	u32 pid;
	enum phase phase;
	struct inner inner;
	u32 low : 5;
	u32 high : 27;
	char label[16];
};

EVENTS(events, struct event);

struct key {
	u32 remainder;
	char label[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10007);
	__type(key, struct key);
	__type(value, u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 7);
	__type(key, u32);
	__type(value, u64);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, u32);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, struct inner);
} per_cpu_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 128);
	__type(key, u32);
	__type(value, u32);
} recent SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_call(struct syscall_enter *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct key key = {};
	struct event event = {};

	if (pid != target_pid)
		return 0;
	/* One thread calls: an addition that gives the old value needs Linux 5.12. */
	u64 sequence = calls;
	u64 one = 1;
	u32 slot = sequence % 7;

	__sync_fetch_and_add(&calls, 1);
	key.remainder = sequence % 5;
	for (int i = 0; i < 16; i++)
		key.label[i] = event.label[i] = label[i];
	u64 *count = bpf_map_lookup_elem(&counts, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
	count = bpf_map_lookup_elem(&slots, &slot);
	if (count)
		__sync_fetch_and_add(count, 1);
	slot = 1;
	u32 *own = bpf_map_lookup_elem(&per_cpu, &slot);
	if (own)
		*own += 1;
	bpf_map_update_elem(&recent, &slot, &pid, BPF_ANY);

	event.sequence = sequence;
	event.shifted = sequence + offset;
	event.pid = pid;
	event.phase = sequence ? PHASE_LATER : PHASE_FIRST;
	event.inner.kind = sequence;
	event.inner.count = sequence * 3;
	event.low = sequence;
	event.high = sequence + 1;
	if (discard_odd && (sequence & 1)) {
		struct event *reserved = bpf_ringbuf_reserve(&events, sizeof(event), 0);

		if (reserved)
			bpf_ringbuf_discard(reserved, 0);
		return 0;
	}
	send(events, &event, sizeof(event));
	return 0;
}

#if defined(__TARGET_ARCH_arm64)
#define NR_GETPPID 173
#else
#define NR_GETPPID 110
#endif

/* The same calls by the raw tracepoint of all system calls: its arguments are registers, number. */
SEC("raw_tracepoint/sys_enter")
int on_raw(u64 *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == target_pid && ctx[1] == NR_GETPPID)
		__sync_fetch_and_add(&calls, 1);
	return 0;
}

/* Says nothing of where: for attaching by hand. */
SEC("uprobe")
int on_function(void *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}
