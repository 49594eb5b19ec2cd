// SPDX-License-Identifier: GPL-2.0-only
/* A congestion control of TCP that never opens its window further, and counts what it is called for. */
#include "base/prelude.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

u64 opened = 0;
u64 acknowledged = 0;

struct sock;

/* A part of the kernel's: libbpf finds its members by their names. */
struct tcp_congestion_ops {
	void (*init)(struct sock *sk);
	u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};

SEC("struct_ops/init")
void BPF_PROG(on_init, struct sock *sk)
{
	__sync_fetch_and_add(&opened, 1);
}

SEC("struct_ops/ssthresh")
u32 BPF_PROG(on_ssthresh, struct sock *sk)
{
	return 2;
}

SEC("struct_ops/cong_avoid")
void BPF_PROG(on_cong_avoid, struct sock *sk, u32 ack, u32 acked)
{
	__sync_fetch_and_add(&acknowledged, acked);
}

SEC("struct_ops/undo_cwnd")
u32 BPF_PROG(on_undo_cwnd, struct sock *sk)
{
	return 10;
}

SEC(".struct_ops")
struct tcp_congestion_ops congestion = {
	.init = (void *)on_init,
	.ssthresh = (void *)on_ssthresh,
	.cong_avoid = (void *)on_cong_avoid,
	.undo_cwnd = (void *)on_undo_cwnd,
	.name = "tsbcc_00000000",
};
