// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcptracer: TCP connections that are made, accepted and closed.
 *
 * A change of state may be told in the middle of any process, so who owns a connection is learnt
 * where the owner itself must be running: when it connects, accepts, or closes.
 */
#include "../../toolkit/kernel/net/tcp_accept.h"
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/mptcp.h"
#include "../../toolkit/kernel/net/netns.h"

/* Whether to show what nobody known did; it passes no filter by process. */
const volatile bool unowned = true;

#define SHUTDOWN_MASK 3 /* include/net/sock.h: both ways */

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
	bool is_connecting; /* what it asked for is not told yet */
};

/* Who connected or accepted, until the connection ends. */
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
	struct socket *sk_socket; /* NULL: not accepted yet, or let go of */
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

/* Tells of a connection that its process has asked for, when the peer has answered. */
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
 * What was open begins to close. Where its process does that, in close() or shutdown(), it is running;
 * of a reset by the peer the owner is told. One that nobody has accepted has no socket.
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
