/*
 * Helper functions for the sockets of tcp.c; a call that fails ends the program.
 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static void fail(const char *what)
{
	fprintf(stderr, "tcp: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int must(int result, const char *what)
{
	if (result < 0)
		fail(what);
	return result;
}

static void await_line(void)
{
	char c;

	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static socklen_t make_address(union address *address, char family, int port, int is_remote)
{
	memset(address, 0, sizeof(*address));
	if (family == '4' || family == 'p' || family == 'v') {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(port);
		inet_pton(AF_INET, is_remote ? "198.51.100.1" : family == 'v' ? "203.0.113.2" : "127.0.0.1",
			  &address->v4.sin_addr);
		return sizeof(address->v4);
	}
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = htons(port);
	inet_pton(AF_INET6, family == 'm' ? is_remote ? "::ffff:198.51.100.1" : "::ffff:127.0.0.1" :
		  is_remote ? "2001:db8:1::1" : family == 'w' ? "2001:db8:2::2" : "::1",
		  &address->v6.sin6_addr);
	return sizeof(address->v6);
}

static int make_socket(char family, int flags)
{
	int type = SOCK_STREAM | SOCK_CLOEXEC | flags;

	int protocol = family == 'p' ? IPPROTO_MPTCP : 0;

	return must(socket(strchr("4pv", family) ? AF_INET : AF_INET6, type, protocol), "socket");
}

static int port_of(int fd)
{
	union address address;
	socklen_t size = sizeof(address);

	must(getsockname(fd, &address.any, &size), "getsockname");
	return ntohs(address.v4.sin_port); /* at the same offset in both structs */
}

static struct tcp_info info_of(int fd)
{
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
	return info;
}

/*
 * Waits until a retransmission timer of the client's socket has marked a segment as lost, or, if `all`,
 * until all segments are acknowledged. A tail loss probe is counted as a retransmit too, but marks
 * nothing as lost: if the peer received it, there would be no loss.
 */
static void await_retransmit(int fd, int all)
{
	struct tcp_info info;

	do {
		poll(NULL, 0, 1);
		info = info_of(fd);
	} while (!info.tcpi_total_retrans || (all && info.tcpi_unacked) ||
		 (!all && info.tcpi_state == TCP_ESTABLISHED && info.tcpi_ca_state != TCP_CA_Loss));
}

static void send_bytes(int fd, int size)
{
	char bytes[4096] = {};

	for (int n; size > 0; size -= n)
		n = must(send(fd, bytes, size < 4096 ? size : 4096, MSG_NOSIGNAL), "send");
}

static void receive_bytes(int fd, int size)
{
	char bytes[4096];

	for (int n; size > 0; size -= n) {
		n = must(recv(fd, bytes, size < 4096 ? size : 4096, 0), "receive");
		if (!n)
			fail("closed too early");
	}
}

static void await_end(int fd)
{
	char c;

	if (recv(fd, &c, 1, 0) > 0)
		fail("more than expected");
}

static int bound(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int on = 1, fd = make_socket('4', SOCK_NONBLOCK);

	must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), "SO_REUSEADDR");
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	return fd;
}

static void reset_at_close(int fd)
{
	struct linger none = { .l_onoff = 1 };

	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), "SO_LINGER");
}
