/*
 * DNS answers, and connections to the addresses in them.
 */
#pragma once

#include "tcp_sockets.h"

static unsigned char *put_name(unsigned char *at, const char *name)
{
	for (const char *dot; *name; name = *dot ? dot + 1 : dot) {
		dot = strchrnul(name, '.');
		*at++ = dot - name;
		at = mempcpy(at, name, dot - name);
	}
	*at++ = 0;
	return at;
}

static unsigned char *put_type(unsigned char *at, int type)
{
	return mempcpy(at, (unsigned char[]){ 0, type, 0, 1 }, 4);
}

enum { A = 1, PTR = 12, AAAA = 28 };

/* A DNS answer (RFC 1035): one question, and one record whose name is a pointer to the question's. */
static int make_answer(unsigned char *message, const char *call, int last)
{
	static const unsigned char header[] = { 1, 2, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0 };
	int type = !strcmp(call, "pointer") ? PTR : !strcmp(call, "aaaa") ? AAAA : A;
	unsigned char data[64] = { 127, 0, 0, last }, *end = data + 4, *at;
	char name[64];

	sprintf(name, "%s.test", call);
	if (type == PTR) {
		sprintf(name, "%d.0.0.127.in-addr.arpa", last);
		end = put_name(data, "pointer.test");
	} else if (type == AAAA) {
		memcpy(data, &in6addr_loopback, sizeof(in6addr_loopback));
		end = data + sizeof(in6addr_loopback);
	}
	at = put_type(put_name(mempcpy(message, header, sizeof(header)), name), type);
	at = put_type(mempcpy(at, (unsigned char[]){ 192, 12 }, 2), type);
	at = mempcpy(at, (unsigned char[]){ 0, 0, 0, 60, 0, end - data }, 6);
	return mempcpy(at, data, end - data) - (void *)message;
}

static void receive_by(const char *call, int fd)
{
	unsigned char bytes[256];
	union address sender;
	socklen_t size = sizeof(sender);
	struct iovec vector = { bytes, sizeof(bytes) };
	struct mmsghdr message = { { .msg_iov = &vector, .msg_iovlen = 1 } };

	if (!strcmp(call, "recvmsg"))
		must(recvmsg(fd, &message.msg_hdr, 0), call);
	else if (!strcmp(call, "recvmmsg"))
		must(recvmmsg(fd, &message, 1, 0, NULL), call);
	else if (!strcmp(call, "unconnected"))
		must(recvfrom(fd, bytes, sizeof(bytes), 0, &sender.any, &size), call);
	else if (!strcmp(call, "read") || !strcmp(call, "aaaa"))
		must(read(fd, bytes, sizeof(bytes)), call);
	else
		must(recvfrom(fd, bytes, sizeof(bytes), 0, NULL, NULL), call);
}

/* Two messages over one connection; the second is read in four pieces, its beginning with the first. */
static void resolve_by_stream(char family, const char *call, int last)
{
	unsigned char bytes[600];
	union address address;
	socklen_t size = make_address(&address, family, 53, 0);
	int on = 1, server = make_socket(family, 0), client = make_socket(family, 0), connection;
	int other = make_answer(bytes + 2, "other", last), length = make_answer(bytes + other + 4, call, last);

	bytes[0] = bytes[other + 2] = 0;
	bytes[1] = other;
	bytes[other + 3] = length;
	must(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), "SO_REUSEADDR");
	must(bind(server, &address.any, size), "bind");
	must(listen(server, 1), "listen");
	must(connect(client, &address.any, size), "connect");
	connection = must(accept(server, NULL, NULL), "accept");
	must(write(connection, bytes, other + length + 4), "write");
	must(read(client, bytes, other + 3), "read");
	must(read(client, bytes, 1), "read");
	must(read(client, bytes, 7), "read");
	receive_bytes(client, length - 7);
	reset_at_close(client);
	close(client);
	close(connection);
	close(server);
}

static void resolve(const char *value)
{
	unsigned char message[256];
	union address address, peer;
	char call[16], family;
	int last;

	if (sscanf(value, "%15[a-z0-9]:%d", call, &last) != 2)
		fail(value);
	family = strchr(call, '6') ? '6' : '4';
	if (!strncmp(call, "stream", 6)) {
		resolve_by_stream(family, call, last);
		return;
	}

	socklen_t peer_size = sizeof(peer), size = make_address(&address, family, 53, 0);
	int server = must(socket(address.any.sa_family, SOCK_DGRAM, 0), "socket");
	int client = must(socket(address.any.sa_family, SOCK_DGRAM, 0), "socket");

	must(bind(server, &address.any, size), "bind");
	if (!strcmp(call, "unconnected")) {
		make_address(&peer, family, 0, 0);
		must(bind(client, &peer.any, size), "bind");
	} else {
		must(connect(client, &address.any, size), "connect");
	}
	must(getsockname(client, &peer.any, &peer_size), "getsockname");
	must(sendto(server, message, make_answer(message, call, last), 0, &peer.any, peer_size), "send");
	receive_by(call, client);
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
