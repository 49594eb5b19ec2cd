// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcpconnect: active TCP connections, one by one or counted, and preceding DNS answers.
 */
#include "../../toolkit/kernel/net/dns.h"
#include "../../toolkit/kernel/net/netns.h"
#include "../../toolkit/kernel/net/tcp_connect.h"
#include "../../toolkit/kernel/event_tool.h"

const volatile bool counting = false;

u64 dropped; /* counts that found no room in the map */

struct event {
	u64 time; /* ns since boot */
	struct who who;
	struct flow flow;
	u32 netns;
	u32 unused;
};

/* Connects by flow, with local port 0. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow);
	__type(value, u64);
} counts SEC(".maps");

EVENTS(events, struct event);

static __always_inline void count(struct flow *flow)
{
	u64 none = 0;

	flow->local_port = 0;

	u64 *value = lookup_or_insert(&counts, flow, &none);

	__sync_fetch_and_add(value ?: &dropped, 1);
}

static __always_inline void connect_dropped(void)
{
	count_in_flight_dropped();
}

static __always_inline void connected(const struct attempt *attempt, const struct sock *sk)
{
	struct event event = {
		.time = attempt->time,
		.who = attempt->who,
		.netns = netns_of(sk),
	};

	read_flow(&event.flow, sk);
	if (is_mapped(event.flow.remote)) /* perhaps of an IPv6 socket, but the connection is IPv4 */
		event.flow.family = AF_INET;
	if (!is_flow_wanted(&event.flow) || !is_netns_wanted(event.netns))
		return;
	if (counting)
		count(&event.flow);
	else
		send(events, &event, sizeof(event));
}
