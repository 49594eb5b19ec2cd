// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcplife: TCP connections from their first state to their last.
 *
 * State changes may happen in the context of any process, so the owner of a connection is recorded where
 * it must be the current task: when it connects, accepts, or closes first or last.
 */
#include "../../toolkit/kernel/net/tcp_accept.h"
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/dns.h"
#include "../../toolkit/kernel/net/mptcp.h"
#include "../../toolkit/kernel/net/netns.h"

/* Whether to show connections without a known owner; they pass no filter by process. */
const volatile bool unowned = true;

struct life {
	u64 start; /* ns since boot */
	struct who who;
	bool is_active; /* made by connect() */
	bool is_owned;
	bool is_wanted;
};

struct event {
	u64 time; /* ns since boot, at the end */
	struct who who; /* zero: no known owner, for example never accepted */
	struct flow flow;
	u32 netns;
	u32 unused;
	u64 sent; /* acknowledged bytes */
	u64 received;
	u64 duration_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u64); /* address of a struct sock */
	__type(value, struct life);
} lives SEC(".maps");

EVENTS(events, struct event);

static __always_inline void set_owner(struct life *life)
{
	life->is_owned = true;
	life->is_wanted = is_wanted();
	set_who(&life->who);
}

static __always_inline void own(const struct sock *sk)
{
	u64 key = (u64)sk;
	struct life *life = bpf_map_lookup_elem(&lives, &key);

	if (life && !life->is_active)
		set_owner(life);
}

static __always_inline void begin(const struct sock *sk, int state)
{
	u64 key = (u64)sk;
	struct life life = { .start = bpf_ktime_get_ns() };
	struct life *known = bpf_map_lookup_elem(&lives, &key);

	/* The time begins with TCP_ESTABLISHED, if it is reached, as in bcc's tool. */
	if (known) {
		known->start = life.start;
		return;
	}
	if (state == TCP_SYN_SENT) {
		life.is_active = true;
		if (!is_by_mptcp(sk))
			set_owner(&life);
	}
	if (bpf_map_update_elem(&lives, &key, &life, BPF_ANY))
		count_in_flight_dropped();
}

static __always_inline void end(const struct sock *sk)
{
	u64 key = (u64)sk;
	struct life *life = bpf_map_lookup_elem(&lives, &key);
	struct event event = { .time = bpf_ktime_get_ns(), .netns = netns_of(sk) };

	if (!life)
		return;
	read_flow(&event.flow, sk);
	if ((life->is_owned ? life->is_wanted : unowned) && is_flow_wanted(&event.flow) &&
	    is_netns_wanted(event.netns)) {
		event.who = life->who;
		event.sent = BPF_CORE_READ((struct tcp_sock *)sk, bytes_acked);
		event.received = BPF_CORE_READ((struct tcp_sock *)sk, bytes_received);
		event.duration_ns = event.time - life->start;
		send(events, &event, sizeof(event));
	}
	bpf_map_delete_elem(&lives, &key);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int old_state, int state)
{
	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (state < TCP_FIN_WAIT1)
		begin(sk, state);
	else if (state == TCP_CLOSE)
		end(sk);
	else if ((state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK) && !is_by_mptcp(sk))
		own(sk);
	return 0;
}

static __always_inline void accepted(const struct sock *sk)
{
	const struct sock *connection = tcp_connection_of(sk);

	if (connection)
		own(connection);
}
