// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcpsynbl: length of the accept queue when a connection completes its handshake.
 */
#include "../../toolkit/kernel/base/log2.h"
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/net/netns.h"

struct key {
	u32 most; /* backlog of listen(), as limited by the kernel */
	u32 slot;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct key);
	__type(value, u64);
} backlogs SEC(".maps");

u64 dropped;

KERNEL_STRUCTS

struct sock___backlog {
	u32 sk_ack_backlog;
	u32 sk_max_ack_backlog;
};

KERNEL_STRUCTS_END

static __always_inline int count(const struct sock *listener)
{
	const struct sock___backlog *backlog = (const void *)listener;
	struct key key = { .most = BPF_CORE_READ(backlog, sk_max_ack_backlog) };
	u16 family = BPF_CORE_READ(listener, __sk_common.skc_family);
	u64 zero = 0;
	u64 *counted;

	if ((target_family && family != target_family) || !is_netns_wanted(netns_of(listener)))
		return 0;
	key.slot = log2_slot(BPF_CORE_READ(backlog, sk_ack_backlog));
	counted = lookup_or_insert(&backlogs, &key, &zero);
	__sync_fetch_and_add(counted ?: &dropped, 1);
	return 0;
}

SEC("fentry/tcp_v4_syn_recv_sock")
int BPF_PROG(v4_syn_recv, struct sock *sk)
{
	/* For an IPv4 connection of an IPv6 socket, the IPv6 function calls the IPv4 one. */
	return BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET ? count(sk) : 0;
}

SEC("fentry/tcp_v6_syn_recv_sock")
int BPF_PROG(v6_syn_recv, struct sock *sk)
{
	return count(sk);
}

/* The new socket is a copy of the listening socket, made before it joins the queue. */
SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int old_state, int state)
{
	if (old_state == TCP_LISTEN && state == TCP_SYN_RECV && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP)
		return count(sk);
	return 0;
}
