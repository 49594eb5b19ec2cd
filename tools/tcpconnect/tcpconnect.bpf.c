// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcpconnect: active TCP connections, one by one or counted, and what name servers answered before.
 */
#include "../../toolkit/kernel/net/tcp_connect.h"
#include "dns.h"
#include "../../toolkit/kernel/event_tool.h"

const volatile bool counting = false;

u64 lost; /* of what is counted */

struct event {
	u64 time; /* ns since boot */
	struct who who;
	struct flow flow;
	u8 answer[]; /* of a name server; an event that has one tells of no connection */
};

/* Where an event with an answer is put together. */
PER_CPU(scratches, u8[sizeof(struct event) + DNS_MAX]);

/* Local ports are 0. */
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

	u64 *value = value_of(&counts, flow, &none);

	__sync_fetch_and_add(value ?: &lost, 1);
}

static __always_inline void connect_lost(void)
{
	count_in_flight_dropped();
}

static __always_inline void connected(const struct attempt *attempt, const struct sock *sk)
{
	struct event event = { .time = attempt->time, .who = attempt->who };

	read_flow(&event.flow, sk);
	if (is_mapped(event.flow.remote)) /* of an IPv6 socket perhaps, but IPv4 is what it talks */
		event.flow.family = AF_INET;
	if (!is_flow_wanted(&event.flow))
		return;
	if (counting)
		count(&event.flow);
	else
		send(events, &event, sizeof(event));
}

static __always_inline void answer_received(const void *buffer, u64 length)
{
	struct event *event = of_this_cpu(&scratches);

	if (length > DNS_MAX)
		length = DNS_MAX;
	if (!event || bpf_probe_read_user(event->answer, length, buffer))
		return;
	event->time = bpf_ktime_get_ns();
	send(events, event, sizeof(*event) + length);
}
