/*
 * A step of tcp.c, and the synchronisation of its two processes.
 */
#pragma once

#include "tcp_sockets.h"

#define SOCKETS_MAX 256
#define BEFORE_MAX 16

struct step {
	const char *name;
	char family;
	int count, up, down;
	char end[16];
	int listener, other_listener, port;
	int before[BEFORE_MAX][2]; /* connections: the client's socket, the server's socket */
};

static int to_server[2], to_client[2];

static void tell(const int *ends)
{
	must(write(ends[1], "!", 1), "write to pipe");
}

static void listen_to(const int *ends)
{
	char c;

	if (read(ends[0], &c, 1) != 1)
		fail("the other process is gone");
}

static void print_flow(const struct step *step, int fd, int port)
{
	printf("flow %c %d %d %u\n", step->family, port_of(fd), port, info_of(fd).tcpi_total_retrans);
}

static int connect_once(struct step *step)
{
	union address address;
	socklen_t size = make_address(&address, step->family, step->port, 0);
	int fd = make_socket(step->family, 0);

	must(connect(fd, &address.any, size), "connect");
	return fd;
}
