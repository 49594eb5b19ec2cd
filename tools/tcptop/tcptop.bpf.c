// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tcptop: bytes that processes send and receive over TCP, by connection.
 */
#include "../../toolkit/kernel/base/maps.h"
#include "../../toolkit/kernel/net/netns.h"
#include "../../toolkit/kernel/net/tcp_bytes.h"
#include "../../toolkit/kernel/task/filter.h"

struct key {
	struct flow flow;
	u32 pid;
	u32 netns;
	u64 cgroup; /* its id in the v2 hierarchy */
	char comm[TASK_COMM_LEN];
};

struct bytes {
	u64 sent;
	u64 received;
};

/* Totals since the start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct key);
	__type(value, struct bytes);
} connections SEC(".maps");

u64 dropped;

static __always_inline void transferred(const struct sock *sk, u64 sent, u64 received)
{
	struct key key = { .cgroup = bpf_get_current_cgroup_id(), .pid = current_ids() >> 32 };
	struct bytes zero = {};
	struct bytes *bytes;

	if (!is_wanted())
		return;
	read_flow(&key.flow, sk);
	key.netns = netns_of(sk);
	if (!is_flow_wanted(&key.flow) || !is_netns_wanted(key.netns))
		return;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	bytes = lookup_or_insert(&connections, &key, &zero);
	if (!bytes) {
		__sync_fetch_and_add(&dropped, 1);
		return;
	}
	/* Callers pass 0 for one of the two. LLVM turns an atomic add of 0 into an instruction of Linux 5.12. */
	if (sent)
		__sync_fetch_and_add(&bytes->sent, sent);
	if (received)
		__sync_fetch_and_add(&bytes->received, received);
}
