// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcptracer: TCP connections that are made, accepted and closed.
 *
 * State changes may happen in the context of any process, so the owner of a connection is recorded where
 * it must be the current task: when it connects, accepts, or closes.
 */
#include "../../toolkit/kernel/net/tcp_accept.h"
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/mptcp.h"
#include "../../toolkit/kernel/net/netns.h"

/* Whether to show events without a known owner; they pass no filter by process. */
const volatile bool unowned = true;

#define SHUTDOWN_MASK 3 /* include/net/sock.h: both directions */

enum type {
	CONNECT,
	ACCEPT,
	CLOSE,
};

struct event {
	u64 time; /* ns since boot */
	struct who who;
	struct flow flow;
	u32 netns;
	u32 type;
};

struct owner {
	struct who who;
	bool is_wanted;
	bool is_connecting; /* connect() was called, but not reported yet */
};

/* Which process connected or accepted, until the connection ends. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u64); /* address of a struct sock */
	__type(value, struct owner);
} owners SEC(".maps");

EVENTS(events, struct event);

KERNEL_STRUCTS

struct sock___end {
	u8 sk_shutdown;
	struct socket *sk_socket; /* NULL: not accepted yet, or orphaned */
};

KERNEL_STRUCTS_END

static __always_inline struct owner current_owner(void)
{
	struct owner owner = { .is_wanted = is_wanted() };

	set_who(&owner.who);
	return owner;
}

static __always_inline void keep_owner(const struct sock *sk, const struct owner *owner)
{
	u64 key = (u64)sk;

	if (bpf_map_update_elem(&owners, &key, owner, BPF_ANY))
		count_in_flight_dropped();
}

static __always_inline void tell(enum type type, const struct sock *sk, const struct who *who)
{
	struct event event = {
		.time = bpf_ktime_get_ns(),
		.who = *who,
		.netns = netns_of(sk),
		.type = type,
	};

	read_flow(&event.flow, sk);
	if (is_flow_wanted(&event.flow) && is_netns_wanted(event.netns))
		send(events, &event, sizeof(event));
}

/* Reports an active connection once the peer has answered. */
static __always_inline void established(const struct sock *sk)
{
	u64 key = (u64)sk;
	struct owner *owner = bpf_map_lookup_elem(&owners, &key);

	if (!owner || !owner->is_connecting)
		return;
	owner->is_connecting = false;
	if (owner->is_wanted)
		tell(CONNECT, sk, &owner->who);
}

/*
 * An open connection begins to close. In close() or shutdown() its process is the current task; a reset by
 * the peer is reported for the owner. A connection that was not accepted has no socket.
 */
static __always_inline void closing(const struct sock *sk, int state)
{
	u64 key = (u64)sk;
	struct owner *owner = bpf_map_lookup_elem(&owners, &key);
	const struct sock___end *end = (const void *)sk;
	bool is_by_process = state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK ||
			     BPF_CORE_READ(end, sk_shutdown) == SHUTDOWN_MASK;

	if (!BPF_CORE_READ(end, sk_socket))
		return;
	if (is_by_process && !is_by_mptcp(sk)) {
		struct owner closer = current_owner();

		if (closer.is_wanted)
			tell(CLOSE, sk, &closer.who);
	} else if (owner) {
		if (owner->is_wanted)
			tell(CLOSE, sk, &owner->who);
	} else if (unowned) {
		struct who nobody = {};

		tell(CLOSE, sk, &nobody);
	}
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int old_state, int state)
{
	u64 key = (u64)sk;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (state == TCP_SYN_SENT && !is_by_mptcp(sk)) {
		struct owner owner = current_owner();

		owner.is_connecting = true;
		keep_owner(sk, &owner);
	} else if (state == TCP_ESTABLISHED) {
		established(sk);
	} else if (old_state == TCP_ESTABLISHED || old_state == TCP_CLOSE_WAIT) {
		if (state != TCP_CLOSE_WAIT)
			closing(sk, state);
	}
	if (state == TCP_CLOSE)
		bpf_map_delete_elem(&owners, &key);
	return 0;
}

static __always_inline void accepted(const struct sock *sk)
{
	const struct sock *connection = tcp_connection_of(sk);
	struct owner owner = current_owner();

	if (!connection)
		return;
	if (BPF_CORE_READ(connection, __sk_common.skc_state) != TCP_CLOSE)
		keep_owner(connection, &owner);
	if (owner.is_wanted)
		tell(ACCEPT, connection, &owner.who);
}
