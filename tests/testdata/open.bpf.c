// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* What is decided between opening and loading: types, targets, sizes, inner maps. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>

#define BPF_MAP_TYPE_ARRAY_OF_MAPS 12
#define BPF_MAP_TYPE_HASH_OF_MAPS 13
#define BPF_MAP_TYPE_BLOOM_FILTER 30

const volatile u32 target_pid = 0;
const volatile s64 wanted = 0;
u64 count = 7;

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, u32);
	__array(values, struct inner);
} outer SEC(".maps");

/* Says nothing of what it holds. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 4);
} untold SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, u64);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 64);
	__type(value, u64);
} seen SEC(".maps");

/* A section that libbpf knows nothing of. */
SEC("of_no_known_kind")
int on_call(void *ctx)
{
	u32 key = 1;
	void *inner = bpf_map_lookup_elem(&outer, &key);
	u64 *value;

	if (bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	__sync_fetch_and_add(&count, 1);
	key = 4;
	value = inner ? bpf_map_lookup_elem(inner, &key) : NULL;
	if (value)
		__sync_fetch_and_add(value, 1);
	return 0;
}

/* Of sys_enter the second argument is the number of the call, of sys_exit what it returned. */
SEC("tp_btf/sys_enter")
int on_syscall(u64 *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == target_pid && (s64)ctx[1] == wanted)
		__sync_fetch_and_add(&count, 1);
	return 0;
}

/* include/uapi/linux/bpf.h */
struct xdp_md {
	u32 data;
	u32 data_end;
};

__attribute__((noinline)) int verdict(struct xdp_md *ctx)
{
	volatile int answer = 2;

	return ctx ? answer : 0;
}

SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	return verdict(ctx);
}

SEC("freplace")
int other_verdict(struct xdp_md *ctx)
{
	return 1;
}
