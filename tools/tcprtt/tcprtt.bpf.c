// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcprtt: TCP's estimate of the round-trip time, at each received packet.
 */
#include "../../toolkit/kernel/base/log2.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/net/netns.h"

const volatile u32 unit_us = 1;
const volatile bool by_local = false;
const volatile bool by_remote = false;
/* Filters by address, in the form of struct flow; each applies only if its flag is set. */
const volatile bool has_local = false;
const volatile bool has_remote = false;
const volatile u8 local_address[16] = {};
const volatile u8 remote_address[16] = {};

struct address {
	u8 bytes[16]; /* zero: one histogram for all */
	u16 family;
	u16 unused;
};

struct key {
	struct address address;
	u32 slot;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct key);
	__type(value, u64);
} times SEC(".maps");

/* For averages, in the unit of the report. */
struct sum {
	u64 total;
	u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct address);
	__type(value, struct sum);
} sums SEC(".maps");

u64 dropped;

KERNEL_STRUCTS

struct tcp_sock___rtt {
	u32 srtt_us; /* smoothed round-trip time times 8 */
};

KERNEL_STRUCTS_END

static __always_inline bool is_same(const u8 *address, const volatile u8 *wanted)
{
	for (u32 i = 0; i < 16; i++) {
		if (address[i] != wanted[i])
			return false;
	}
	return true;
}

/* At the entry of tcp_rcv_established(). */
SEC("raw_tp/tcp_probe")
int BPF_PROG(probe, struct sock *sk)
{
	struct key key = {};
	struct sum zero = {};
	struct flow flow;
	u64 none = 0, *count;
	struct sum *sum;
	u64 time;

	read_flow(&flow, sk);
	if (!is_flow_wanted(&flow) || !is_netns_wanted(netns_of(sk)) ||
	    (has_local && !is_same(flow.local, local_address)) ||
	    (has_remote && !is_same(flow.remote, remote_address)))
		return 0;
	time = (BPF_CORE_READ((struct tcp_sock___rtt *)sk, srtt_us) >> 3) / unit_us;
	if (by_local || by_remote) {
		key.address.family = flow.family;
		__builtin_memcpy(key.address.bytes, by_local ? flow.local : flow.remote, 16);
	}
	key.slot = log2_slot(time);
	count = lookup_or_insert(&times, &key, &none);
	sum = lookup_or_insert(&sums, &key.address, &zero);
	__sync_fetch_and_add(count ?: &dropped, 1);
	if (sum) {
		__sync_fetch_and_add(&sum->total, time);
		__sync_fetch_and_add(&sum->count, 1);
	}
	return 0;
}
