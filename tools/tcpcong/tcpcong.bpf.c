// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcpcong: time that TCP connections spend in each congestion control state.
 */
#include "../../toolkit/kernel/base/log2.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/net/netns.h"

const volatile u32 unit_ns = 1000;
const volatile bool as_histogram = false;
/* First and last port, in host byte order. */
const volatile u16 local_range[2] = { 0, 65535 };
const volatile u16 remote_range[2] = { 0, 65535 };

#define STATES 5 /* enum tcp_ca_state of include/uapi/linux/tcp.h: Open, Disorder, CWR, Recovery, Loss */

/* A connection, since the first change of its state. */
struct connection {
	struct flow flow;
	u32 netns;
	u32 state;
	u64 since;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u64); /* address of a struct sock */
	__type(value, struct connection);
} connections SEC(".maps");

struct key {
	struct flow flow;
	u32 netns;
	u32 unused;
};

struct states {
	u64 ns[STATES];
	u64 changes;
};

/* Totals since the start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct key);
	__type(value, struct states);
} durations SEC(".maps");

struct slot {
	u32 state;
	u32 slot;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct slot);
	__type(value, u64);
} times SEC(".maps");

u64 dropped;

static __always_inline bool is_in(const volatile u16 *range, u16 port)
{
	return port >= range[0] && port <= range[1];
}

static __always_inline void add(const struct connection *connection, u64 ns)
{
	struct key key = { .flow = connection->flow, .netns = connection->netns };
	struct slot slot = { .state = connection->state, .slot = log2_slot(ns / unit_ns) };
	struct states none = {};
	u64 zero = 0;
	struct states *states;
	u64 *count;

	if (as_histogram) {
		count = lookup_or_insert(&times, &slot, &zero);
		__sync_fetch_and_add(count ?: &dropped, 1);
		return;
	}
	states = lookup_or_insert(&durations, &key, &none);
	if (!states || connection->state >= STATES) {
		__sync_fetch_and_add(&dropped, 1);
		return;
	}
	__sync_fetch_and_add(&states->ns[connection->state], ns);
	__sync_fetch_and_add(&states->changes, 1);
}

SEC("raw_tp/tcp_cong_state_set")
int BPF_PROG(set_congestion, struct sock *sk, u8 state)
{
	struct connection connection = { .state = state, .since = bpf_ktime_get_ns() };
	u64 key = (u64)sk;
	struct connection *known = bpf_map_lookup_elem(&connections, &key);

	/* A failed connect() sets the state after TCP_CLOSE: an entry made now would never be deleted. */
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE)
		return 0;
	if (known && known->state == state)
		return 0;
	if (known) {
		add(known, connection.since - known->since);
		known->state = state;
		known->since = connection.since;
		return 0;
	}
	read_flow(&connection.flow, sk);
	connection.netns = netns_of(sk);
	if (!is_flow_wanted(&connection.flow) || !is_netns_wanted(connection.netns) ||
	    !is_in(local_range, connection.flow.local_port) ||
	    !is_in(remote_range, connection.flow.remote_port))
		return 0;
	if (bpf_map_update_elem(&connections, &key, &connection, BPF_ANY))
		__sync_fetch_and_add(&dropped, 1);
	return 0;
}

/* Deletes closed connections: a later one may have the same struct sock address. */
SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int old_state, int state)
{
	struct connection *known;
	u64 key = (u64)sk;

	if (state != TCP_CLOSE)
		return 0;
	known = bpf_map_lookup_elem(&connections, &key);
	if (!known)
		return 0;
	/* The connection may end in another state than Open (a reset in Loss): no other change reports it. */
	if (known->state)
		add(known, bpf_ktime_get_ns() - known->since);
	bpf_map_delete_elem(&connections, &key);
	return 0;
}
