// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcpsubnet: bytes sent over TCP, by the first of the given subnets that holds the receiver.
 */
#include "../../toolkit/kernel/base/prelude.h"
#include "../../toolkit/kernel/net/netns.h"
#include "../../toolkit/kernel/net/subnet.h"
#include "../../toolkit/kernel/net/tcp_bytes.h"
#include "../../toolkit/kernel/task/filter.h"

#define SUBNETS_MAX 64

const volatile u32 subnets_count = 0;
const volatile struct subnet subnets[SUBNETS_MAX] = {};

u64 sent_bytes[SUBNETS_MAX]; /* since the start */

static __always_inline void transferred(const struct sock *sk, u64 sent, u64 received)
{
	struct flow flow;

	if (!sent || !is_wanted() || !is_netns_wanted(netns_of(sk)))
		return;
	read_flow(&flow, sk);
	for (u32 i = 0; i < SUBNETS_MAX && i < subnets_count; i++) {
		if (is_in_subnet(flow.remote, &subnets[i])) {
			__sync_fetch_and_add(&sent_bytes[i], sent);
			return;
		}
	}
}
