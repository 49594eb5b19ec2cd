/*
 * Connections that a client begins and no server accepts.
 */
#pragma once

#include <signal.h>
#include "tcp_step.h"

static void abandoned(struct step *step)
{
	int fd = connect_once(step);

	print_flow(step, fd, step->port);
	reset_at_close(fd);
	close(fd);
}

static void refused(struct step *step)
{
	union address address;
	int port = 9; /* discard: no listener in the test's own network namespace */
	socklen_t size = make_address(&address, step->family, port, 0);
	int fd = make_socket(step->family, 0);

	if (!connect(fd, &address.any, size) || errno != ECONNREFUSED)
		fail("connect was to be refused");
	printf("flow %c 0 %d 0\n", step->family, port);
	close(fd);
}

static void unanswered(struct step *step)
{
	union address address;
	int fds[SOCKETS_MAX];

	for (int i = 0; i < step->count; i++) {
		socklen_t size = make_address(&address, step->family, 10000 + i, 1);

		fds[i] = make_socket(step->family, SOCK_NONBLOCK);
		if (!connect(fds[i], &address.any, size) || errno != EINPROGRESS)
			fail("connect was to go on");
	}
	for (int i = 0; i < step->count; i++)
		await_retransmit(fds[i], 0);
	for (int i = 0; i < step->count; i++) {
		print_flow(step, fds[i], 10000 + i);
		close(fds[i]);
	}
}

static void interrupt(int signal)
{
}

static void blocked(struct step *step)
{
	union address address;
	socklen_t size = make_address(&address, step->family, 10000, 1);
	struct sigaction action = { .sa_handler = interrupt };
	int fd = make_socket(step->family, 0);

	sigaction(SIGUSR1, &action, NULL);
	if (!connect(fd, &address.any, size) || errno != EINTR)
		fail("connect was to be interrupted");
	printf("flow %c %d %d 0\n", step->family, port_of(fd), 10000);
	close(fd);
}

static void taken(struct step *step)
{
	union address address;
	socklen_t size = make_address(&address, step->family, 9999, 1);
	int first = bound(0), second = bound(port_of(first));

	if (!connect(first, &address.any, size) || errno != EINPROGRESS)
		fail("connect was to go on");
	print_flow(step, first, 9999);
	if (!connect(second, &address.any, size) || errno != EADDRNOTAVAIL)
		fail("connect was to find its address taken");
	close(second);
	close(first);
}
