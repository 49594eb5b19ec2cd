// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcpaccept: passive TCP connections, when a process accepts them.
 */
#include "../../toolkit/kernel/net/tcp_accept.h"
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/dns.h"

struct event {
	u64 time; /* ns since boot */
	struct who who;
	struct flow flow;
};

EVENTS(events, struct event);

static __always_inline void accepted(const struct sock *sk)
{
	struct event event = { .time = bpf_ktime_get_ns() };

	if (!is_wanted())
		return;
	read_flow(&event.flow, sk);
	if (!is_flow_wanted(&event.flow))
		return;
	set_who(&event.who);
	send(events, &event, sizeof(event));
}
