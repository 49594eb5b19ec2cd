// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcpconnlat: time from connect() of a TCP socket to the answer to its SYN.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/mptcp.h"
#include "../../toolkit/kernel/net/netns.h"

const volatile u64 least_ns = 0;

#define ECONNREFUSED 111

struct attempt {
	u64 start; /* ns since boot */
	struct who who;
};

struct event {
	u64 time; /* ns since boot, of the answer */
	struct who who;
	struct flow flow;
	u64 duration_ns;
	u32 netns;
	u32 is_refused;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u64); /* address of a struct sock */
	__type(value, struct attempt);
} attempts SEC(".maps");

EVENTS(events, struct event);

static __always_inline void begin(u64 key)
{
	struct attempt attempt = { .start = bpf_ktime_get_ns() };

	if (!is_wanted())
		return;
	set_who(&attempt.who);
	if (bpf_map_update_elem(&attempts, &key, &attempt, BPF_ANY))
		count_in_flight_dropped();
}

static __always_inline void answered(const struct sock *sk, const struct attempt *attempt, bool is_refused)
{
	struct event event = {
		.time = bpf_ktime_get_ns(),
		.who = attempt->who,
		.netns = netns_of(sk),
		.is_refused = is_refused,
	};

	event.duration_ns = event.time - attempt->start;
	read_flow(&event.flow, sk);
	if (event.duration_ns >= least_ns && is_flow_wanted(&event.flow) && is_netns_wanted(event.netns))
		send(events, &event, sizeof(event));
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int old_state, int state)
{
	u64 key = (u64)sk;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (state == TCP_SYN_SENT && !is_by_mptcp(sk))
		begin(key);
	if (old_state != TCP_SYN_SENT)
		return 0;

	struct attempt *attempt = bpf_map_lookup_elem(&attempts, &key);
	bool is_refused = state == TCP_CLOSE && BPF_CORE_READ(sk, sk_err) == ECONNREFUSED;

	if (!attempt)
		return 0;
	/* Not reported: attempts given up by the process or a timer, or without a free local port. */
	if (state != TCP_CLOSE || is_refused)
		answered(sk, attempt, is_refused);
	bpf_map_delete_elem(&attempts, &key);
	return 0;
}
