// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcpretrans: TCP retransmissions and tail loss probes, one by one or counted.
 */
#include "../../toolkit/kernel/task/cgroup_filter.h"
#include "../../toolkit/kernel/event_tool.h"
#include "../../toolkit/kernel/net/flow.h"

const volatile bool counting = false;

u64 dropped; /* counts that found no room in the map */

struct event {
	u64 time; /* ns since boot */
	struct who who; /* the current task, but the cgroup of the socket */
	struct flow flow;
	u32 seq;
	u16 state;
	u8 is_probe;
	u8 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow);
	__type(value, u64);
} counts SEC(".maps");

EVENTS(events, struct event);

KERNEL_STRUCTS

/* Tells whether the tracepoint has its third argument, of Linux 6.15. */
struct trace_event_raw_tcp_retransmit_skb {
	int err;
};

struct sock_cgroup_data {
	struct cgroup *cgroup; /* since Linux 5.15 */
};

struct sock___cgroup {
	struct sock_cgroup_data sk_cgrp_data;
};

KERNEL_STRUCTS_END

static __always_inline void count(const struct flow *flow)
{
	u64 none = 0;
	u64 *value = lookup_or_insert(&counts, flow, &none);

	__sync_fetch_and_add(value ?: &dropped, 1);
}

/* The cgroup in which a socket was created; NULL where the kernel does not record it. */
static __always_inline struct cgroup *cgroup_of(const struct sock *sk)
{
	const struct sock___cgroup *owned = (const void *)sk;

	if (!bpf_core_field_exists(owned->sk_cgrp_data.cgroup))
		return NULL;
	return BPF_CORE_READ(owned, sk_cgrp_data.cgroup);
}

static __always_inline int report(const struct sock *sk, u32 seq, bool is_probe)
{
	struct event event = { .seq = seq, .is_probe = is_probe };
	struct cgroup *cgroup = cgroup_of(sk);

	read_flow(&event.flow, sk);
	if (!is_flow_wanted(&event.flow) || !is_cgroup_wanted(cgroup))
		return 0;
	if (counting) {
		count(&event.flow);
		return 0;
	}
	event.time = bpf_ktime_get_ns();
	event.state = BPF_CORE_READ(sk, __sk_common.skc_state);
	set_who(&event.who);
	event.who.cgroup = cgroup_id(cgroup);
	send(events, &event, sizeof(event));
	return 0;
}

SEC("raw_tp/tcp_retransmit_skb")
int retransmit(u64 *ctx)
{
	struct tcp_skb_cb *cb = (void *)ctx[1] + bpf_core_field_offset(struct sk_buff, cb);

	/* Not sent; kernels before 6.15 do not report these at all. */
	if (bpf_core_field_exists(struct trace_event_raw_tcp_retransmit_skb, err) && (s32)ctx[2])
		return 0;
	return report((const struct sock *)ctx[0], BPF_CORE_READ(cb, seq), false);
}

SEC("fentry/tcp_send_loss_probe")
int BPF_PROG(loss_probe, struct sock *sk)
{
	return report(sk, 0, true);
}
