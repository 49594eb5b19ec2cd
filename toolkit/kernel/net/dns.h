/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * DNS responses that programs receive from port 53: by recvfrom, recvmsg, recvmmsg and read, over
 * UDP and TCP, IPv4 and IPv6. They are read from the program's buffer when the call returns, and
 * sent through a ring buffer of their own (dns_names.ts).
 */
#pragma once

#include "../base/maps.h"
#include "../base/ring_buffer.h"
#include "../task/filter.h"
#include "flow.h"

#define DNS_PORT 53
#define DNS_PART_MAX 4096 /* usual limit with EDNS (RFC 6891, 6.2.5); a stream may have further parts */
#define DNS_PARTS_MAX 17 /* a message over TCP: 65,535 bytes, and two of length */
#define DNS_MESSAGES_MAX 4

enum receive_kind {
	RECEIVE_BYTES, /* recvfrom, read */
	RECEIVE_MESSAGE,
	RECEIVE_MESSAGES,
};

/* The beginning of struct user_msghdr of include/linux/socket.h, and of struct mmsghdr. */
struct user_message {
	void *name;
	s64 name_length;
	struct user_vector *vectors;
	u64 vectors_count;
	void *control;
	u64 control_length;
	u64 flags;
	u64 length; /* of struct mmsghdr, in the lower half */
};

struct user_vector {
	void *base;
	u64 length;
};

struct receive {
	const void *target;
	const void *sender; /* buffer for the sender's address; NULL: the socket is connected */
	u64 stream; /* the socket of a TCP connection, else 0 */
	u32 kind;
	u32 is_connected;
};

/* A complete response, or a part of a TCP stream. */
struct answer {
	u64 time; /* ns since boot */
	u64 stream;
	u32 pid; /* of the process, as in struct who */
	u32 unused;
	u8 bytes[];
};

CALLS(receives, struct receive);
PER_CPU(answer_scratches, u8[sizeof(struct answer) + DNS_PART_MAX]);
EVENTS(answers, struct answer);

static __always_inline int begin_receive(struct syscall_enter *ctx, u32 kind, const void *sender)
{
	struct sock *sk = sock_of(ctx->args[0]);
	u16 protocol = BPF_CORE_READ(sk, sk_protocol), port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	struct receive receive = {
		.target = (const void *)ctx->args[1],
		.sender = sender,
		.kind = kind,
		.is_connected = port != 0,
	};

	if (protocol == IPPROTO_TCP)
		receive.stream = (u64)sk;
	else if (protocol != IPPROTO_UDP)
		return 0;
	if ((port == bpf_htons(DNS_PORT) || (!port && protocol == IPPROTO_UDP)) && is_wanted() &&
	    !keep_call(&receives, &receive))
		count_in_flight_dropped();
	return 0;
}

/* struct sockaddr_in and sockaddr_in6 have the port at the same offset. */
static __always_inline bool is_from_dns(const void *sender)
{
	__be16 family_and_port[2] = {};

	return sender && !bpf_probe_read_user(family_and_port, sizeof(family_and_port), sender) &&
	       family_and_port[1] == bpf_htons(DNS_PORT);
}

static __noinline void send_answer(const struct receive *receive, const void *sender,
					const u8 *bytes, u64 length)
{
	struct answer *answer = of_this_cpu(&answer_scratches);

	if (!answer || (!receive->is_connected && !is_from_dns(sender)))
		return;
	answer->time = bpf_ktime_get_ns();
	answer->stream = receive->stream;
	answer->pid = current_ids() >> 32;
	answer->unused = 0;
	for (u32 i = 0; i < DNS_PARTS_MAX && length; i++) {
		u64 size = length < DNS_PART_MAX ? length : DNS_PART_MAX;

		if (bpf_probe_read_user(answer->bytes, size, bytes))
			return;
		send(answers, answer, sizeof(*answer) + size);
		bytes += size;
		length -= size;
	}
}

/* Sends the first vector of a message; recvmmsg has stored the length of each message in its header. */
static __always_inline void receive_message(const struct receive *receive, const u8 *at, u64 length)
{
	struct user_message message = {};
	struct user_vector vector = {};

	bpf_probe_read_user(&message, receive->kind == RECEIVE_MESSAGE ? offsetof(struct user_message, length) :
			    sizeof(message), at);
	bpf_probe_read_user(&vector, sizeof(vector), message.vectors);
	if (receive->kind == RECEIVE_MESSAGES)
		length = (u32)message.length;
	send_answer(receive, message.name, vector.base, length < vector.length ? length : vector.length);
}

static __noinline int end_receive(struct syscall_exit *ctx)
{
	struct receive *kept = kept_call(&receives);
	s64 result = ctx->ret;

	if (!kept)
		return 0;

	struct receive receive = *kept;

	forget_call(&receives);
	if (result <= 0)
		return 0;
	if (receive.kind == RECEIVE_BYTES) {
		send_answer(&receive, receive.sender, receive.target, result);
	} else if (receive.kind == RECEIVE_MESSAGE) {
		receive_message(&receive, receive.target, result);
	} else {
		for (u32 i = 0; i < DNS_MESSAGES_MAX && i < result; i++)
			receive_message(&receive, receive.target + i * sizeof(struct user_message), 0);
	}
	return 0;
}

#define DNS_CALL(call, kind, sender)                                                               \
	AT_ENTRY(call, begin_receive(ctx, kind, sender))                                           \
	AT_EXIT(call, end_receive(ctx))

DNS_CALL(recvfrom, RECEIVE_BYTES, (const void *)ctx->args[4])
DNS_CALL(recvmsg, RECEIVE_MESSAGE, NULL)
DNS_CALL(recvmmsg, RECEIVE_MESSAGES, NULL)
DNS_CALL(read, RECEIVE_BYTES, NULL)
