// SPDX-License-Identifier: GPL-2.0-only
/*
 * A congestion control of TCP whose window never grows: struct_ops, a table of functions that the kernel
 * calls.
 */
#include "../toolkit/kernel/base/prelude.h"
#include <bpf/bpf_tracing.h>

#define WINDOW 10 /* segments: TCP_INIT_CWND of include/net/tcp.h */

u64 connections = 0;
u64 acknowledged = 0; /* segments */

struct sock;

/* A part of the kernel's struct: libbpf finds its members by their names. */
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
	__sync_fetch_and_add(&connections, 1);
}

/* The window after a loss. */
SEC("struct_ops/ssthresh")
u32 BPF_PROG(on_ssthresh, struct sock *sk)
{
	return WINDOW;
}

/* Segments were acknowledged: others let the window grow here. */
SEC("struct_ops/cong_avoid")
void BPF_PROG(on_cong_avoid, struct sock *sk, u32 ack, u32 acked)
{
	__sync_fetch_and_add(&acknowledged, acked);
}

/* The window when a loss turns out to be none. */
SEC("struct_ops/undo_cwnd")
u32 BPF_PROG(on_undo_cwnd, struct sock *sk)
{
	return WINDOW;
}

SEC(".struct_ops")
struct tcp_congestion_ops tsbcc_steady = {
	.init = (void *)on_init,
	.ssthresh = (void *)on_ssthresh,
	.cong_avoid = (void *)on_cong_avoid,
	.undo_cwnd = (void *)on_undo_cwnd,
	.name = "tsbcc_steady",
};
