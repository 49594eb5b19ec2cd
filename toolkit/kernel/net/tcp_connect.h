/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Active TCP connections, when the first SYN has been sent.
 *
 * Where functions can be traced, at the return of tcp_v{4,6}_connect. Elsewhere a connection is
 * recorded when it enters SYN_SENT, before it has a local port, and reported at the first of these
 * events: its state changes, connect() returns, a SYN is retransmitted (tcp_connect.ts chooses).
 */
#pragma once

#include "../task/filter.h"
#include "flow.h"
#include "../task/who.h"

struct attempt {
	u64 time;
	struct who who;
	u32 tid; /* in the initial pid namespace */
};

/* The tool defines these: called for a connection, and for one that found the map full. */
static __always_inline void connected(const struct attempt *attempt, const struct sock *sk);
static __always_inline void connect_dropped(void);

/* By address of a struct sock. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u64);
	__type(value, struct attempt);
} attempts SEC(".maps");

/* The same addresses by thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, u64);
} connecting SEC(".maps");

static __always_inline int tell_once(u64 key, bool is_sent)
{
	struct attempt *found = bpf_map_lookup_elem(&attempts, &key);

	if (!found)
		return 0;

	struct attempt attempt = *found;

	/* Two of the events may happen at once, on two CPUs. */
	if (bpf_map_delete_elem(&attempts, &key))
		return 0;
	bpf_map_delete_elem(&connecting, &attempt.tid);
	if (is_sent)
		connected(&attempt, (const struct sock *)key);
	return 0;
}

static __always_inline struct attempt attempt_now(void)
{
	struct attempt attempt = { .time = bpf_ktime_get_ns(), .tid = bpf_get_current_pid_tgid() };

	set_who(&attempt.who);
	return attempt;
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int old_state, int state)
{
	u64 key = (u64)sk;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	/* A connection without route or free port goes back to TCP_CLOSE. */
	if (old_state == TCP_SYN_SENT)
		return tell_once(key, BPF_CORE_READ((struct tcp_sock *)sk, segs_out) > 0);
	if (state != TCP_SYN_SENT || !is_wanted())
		return 0;

	struct attempt attempt = attempt_now();

	if (bpf_map_update_elem(&attempts, &key, &attempt, BPF_ANY) ||
	    bpf_map_update_elem(&connecting, &attempt.tid, &key, BPF_ANY))
		connect_dropped();
	return 0;
}

SEC("raw_tp/tcp_retransmit_skb")
int BPF_PROG(retransmit, struct sock *sk)
{
	return tell_once((u64)sk, true);
}

SEC("tracepoint/syscalls/sys_exit_connect")
int exit_connect(void *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *key = bpf_map_lookup_elem(&connecting, &tid);

	return key ? tell_once(*key, true) : 0;
}

static __always_inline int leave_connect(const struct sock *sk, int result)
{
	if (!result && is_wanted()) {
		struct attempt attempt = attempt_now();

		connected(&attempt, sk);
	}
	return 0;
}

SEC("fexit/tcp_v4_connect")
int BPF_PROG(v4_connect, struct sock *sk, void *address, int length, int result)
{
	return leave_connect(sk, result);
}

/* For an IPv4-mapped address it calls tcp_v4_connect, which has a program of its own. */
SEC("fexit/tcp_v6_connect")
int BPF_PROG(v6_connect, struct sock *sk, void *address, int length, int result)
{
	struct in6_addr remote = {};

	BPF_CORE_READ_INTO(&remote, sk, __sk_common.skc_v6_daddr);
	return leave_connect(sk, result || is_mapped(remote.in6_u.u6_addr8));
}
