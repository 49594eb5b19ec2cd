/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Bytes that programs send and receive over TCP, at the end of each call (tcp_bytes.ts chooses the hooks).
 */
#pragma once

#include "flow.h"

/* include/linux/socket.h: reads data without removing it. */
#define MSG_PEEK 2

/* The tool defines this: called for bytes that the current process has sent or received. */
static __always_inline void transferred(const struct sock *sk, u64 sent, u64 received);

static __always_inline bool is_tcp(const struct sock *sk)
{
	u16 protocol = BPF_CORE_READ(sk, sk_protocol);

	return protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP;
}

/* Since Linux 6.3: any send through a socket, by a program or the kernel. */
SEC("raw_tp/sock_send_length")
int BPF_PROG(send_length, struct sock *sk, int length)
{
	if (length > 0 && is_tcp(sk))
		transferred(sk, length, 0);
	return 0;
}

SEC("raw_tp/sock_recv_length")
int BPF_PROG(recv_length, struct sock *sk, int length, int flags)
{
	if (length > 0 && !(flags & MSG_PEEK) && is_tcp(sk))
		transferred(sk, 0, length);
	return 0;
}

SEC("fexit/tcp_sendmsg")
int BPF_PROG(end_sendmsg, struct sock *sk, void *message, u64 size, int length)
{
	if (length > 0)
		transferred(sk, length, 0);
	return 0;
}

/* sendfile() and splice(); since Linux 6.5 these call tcp_sendmsg. */
SEC("fexit/tcp_sendpage")
int BPF_PROG(end_sendpage, struct sock *sk, void *page, int offset, u64 size, int flags, int length)
{
	if (length > 0)
		transferred(sk, length, 0);
	return 0;
}

static __always_inline int received(const struct sock *sk, int flags, int length)
{
	if (length > 0 && !(flags & MSG_PEEK))
		transferred(sk, 0, length);
	return 0;
}

SEC("fexit/tcp_recvmsg")
int BPF_PROG(end_recvmsg, struct sock *sk, void *message, u64 size, int flags, int *address, int length)
{
	return received(sk, flags, length);
}

/* Before Linux 5.19. */
SEC("fexit/tcp_recvmsg")
int BPF_PROG(end_recvmsg_nonblock, struct sock *sk, void *message, u64 size, int nonblock, int flags, int *address,
	     int length)
{
	return received(sk, flags, length);
}
