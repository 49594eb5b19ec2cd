// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcpaccept: passive TCP connections, at accept().
 */
#include "../../toolkit/kernel/net/tcp_accept.h"
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/dns.h"
#include "../../toolkit/kernel/net/netns.h"

struct event {
	u64 time; /* ns since boot */
	struct who who;
	struct flow flow;
	u32 netns;
	u32 unused;
};

EVENTS(events, struct event);

static __always_inline void accepted(const struct sock *sk)
{
	struct event event = { .time = bpf_ktime_get_ns(), .netns = netns_of(sk) };

	if (!is_wanted())
		return;
	read_flow(&event.flow, sk);
	if (!is_flow_wanted(&event.flow) || !is_netns_wanted(event.netns))
		return;
	set_who(&event.who);
	send(events, &event, sizeof(event));
}
