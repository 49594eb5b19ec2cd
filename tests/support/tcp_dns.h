/*
 * A name server's answers, and connections to where they say.
 */
#pragma once

#include "tcp_sockets.h"

/* An answer as RFC 1035 has it: one question, one A record that points to the question's name. */
static int make_answer(unsigned char *message, const char *name, int last)
{
	static const unsigned char header[] = { 1, 2, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0 };
	static const unsigned char question[] = { 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1 };
	unsigned char record[] = { 192, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, last };
	unsigned char *at = mempcpy(message, header, sizeof(header));

	*at++ = strlen(name);
	at = mempcpy(at, name, strlen(name));
	at = mempcpy(at, question, sizeof(question));
	at = mempcpy(at, record, sizeof(record));
	return at - message;
}

static void resolve(const char *value)
{
	unsigned char message[256];
	union address address, peer;
	socklen_t peer_size = sizeof(peer), size = make_address(&address, '4', 53, 0);
	int server = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	int client = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	struct iovec vector = { message, sizeof(message) };
	struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };
	char call[16];
	int last;

	if (sscanf(value, "%15[a-z]:%d", call, &last) != 2)
		fail(value);
	must(bind(server, &address.any, size), "bind");
	must(connect(client, &address.any, size), "connect");
	must(getsockname(client, &peer.any, &peer_size), "getsockname");
	must(sendto(server, message, make_answer(message, call, last), 0, &peer.any, peer_size), "send");
	if (!strcmp(call, "recvfrom"))
		must(recvfrom(client, message, sizeof(message), 0, NULL, NULL), call);
	else if (!strcmp(call, "recvmsg"))
		must(recvmsg(client, &header, 0), call);
	else
		must(read(client, message, sizeof(message)), call);
	close(client);
	close(server);
}

static void reach(int last)
{
	union address address;
	socklen_t size = make_address(&address, '4', 9, 0);
	int fd = make_socket('4', 0);

	address.v4.sin_addr.s_addr = htonl(0x7f000000 + last);
	if (!connect(fd, &address.any, size) || errno != ECONNREFUSED)
		fail("connect was to be refused");
	close(fd);
}
