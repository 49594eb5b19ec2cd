// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcpstates: changes of the state of TCP sockets, and how long each state lasted.
 */
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/dns.h"
#include "../../toolkit/kernel/net/netns.h"

struct event {
	u64 time; /* ns since boot */
	struct who who; /* the current task, related to the socket or not */
	struct flow flow;
	u64 socket; /* address of the struct sock, which identifies it */
	u64 duration_ns; /* of the old state */
	u32 netns;
	u8 old_state;
	u8 new_state;
	u8 is_known; /* the begin of the old state was seen */
	u8 unused;
	u32 owner; /* the process that connected; 0: unknown */
	u32 unused_too;
};

struct change {
	u64 time; /* ns since boot */
	u32 owner;
	u32 unused;
};

/* The last change of state seen of each socket. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u64); /* address of a struct sock */
	__type(value, struct change);
} changes SEC(".maps");

EVENTS(events, struct event);

/* Whether this is a socket's first change: its old state does not count. */
static __always_inline bool is_beginning(int old_state, int state)
{
	return old_state == TCP_CLOSE || (old_state == TCP_LISTEN && state == TCP_SYN_RECV);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int old_state, int state)
{
	struct event event = {
		.time = bpf_ktime_get_ns(),
		.socket = (u64)sk,
		.old_state = old_state,
		.new_state = state,
	};

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;

	struct change *before = bpf_map_lookup_elem(&changes, &event.socket);
	struct change change = { .time = event.time };

	if (is_beginning(old_state, state)) {
		event.is_known = true;
	} else if (before) {
		event.is_known = true;
		event.duration_ns = event.time - before->time;
		change.owner = before->owner;
	}
	if (state == TCP_SYN_SENT)
		change.owner = current_ids() >> 32;
	event.owner = change.owner;
	if (state == TCP_CLOSE)
		bpf_map_delete_elem(&changes, &event.socket);
	else if (bpf_map_update_elem(&changes, &event.socket, &change, BPF_ANY))
		count_in_flight_dropped();

	read_flow(&event.flow, sk);
	event.netns = netns_of(sk);
	if (!is_flow_wanted(&event.flow) || !is_netns_wanted(event.netns))
		return 0;
	set_who(&event.who);
	send(events, &event, sizeof(event));
	return 0;
}
