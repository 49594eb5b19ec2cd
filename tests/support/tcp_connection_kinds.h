/*
 * Connections that are not made and closed by connect(), accept() and close() of one process each while a tool
 * runs.
 */
#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include "tcp_step.h"

/* Sends a byte and receives one, first sending or first receiving. */
static void talk(int fd, int is_first)
{
	if (is_first) {
		send_bytes(fd, 1);
		receive_bytes(fd, 1);
	} else {
		receive_bytes(fd, 1);
		send_bytes(fd, 1);
		await_end(fd);
	}
	close(fd);
}

/* Makes both ends of the connections before the fork into client and server. */
static void make_before(struct step *step)
{
	if (step->count > BEFORE_MAX)
		fail("too many connections before");
	for (int i = 0; i < step->count; i++) {
		step->before[i][0] = connect_once(step);
		step->before[i][1] = must(accept(step->listener, NULL, NULL), "accept");
	}
}

static void talk_before(struct step *step, int is_server)
{
	for (int i = 0; i < step->count; i++) {
		close(step->before[i][!is_server]);
		talk(step->before[i][is_server], !is_server);
	}
}

static void talk_as_client(struct step *step)
{
	talk(connect_once(step), 1);
	listen_to(to_client);
}

/* The process that accepts leaves the connection to another process. */
static void passed_as_server(struct step *step)
{
	int fd = must(accept(step->listener, NULL, NULL), "accept");
	int closed[2], heir;
	char c;

	must(pipe(closed), "pipe");
	heir = must(fork(), "fork");
	if (!heir) {
		prctl(PR_SET_NAME, "tcp-heir");
		close(closed[1]);
		must(read(closed[0], &c, 1), "read"); /* returns when the server has closed its copy of the socket */
		talk(fd, 0);
		_exit(0);
	}
	close(fd);
	close(closed[0]);
	close(closed[1]);
	must(waitpid(heir, NULL, 0), "waitpid");
	tell(to_client);
}

/* Two sockets listen at one port (SO_REUSEPORT); the kernel chooses which one accepts. */
static void share_port(struct step *step)
{
	union address address;
	int on = 1;

	step->other_listener = make_socket(step->family, 0);
	must(setsockopt(step->other_listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), "SO_REUSEPORT");
	must(bind(step->other_listener, &address.any, make_address(&address, step->family, step->port, 0)),
	     "bind again");
	must(listen(step->other_listener, 8), "listen");
}

static void shared_as_server(struct step *step)
{
	struct pollfd listeners[] = { { step->listener, POLLIN }, { step->other_listener, POLLIN } };

	must(poll(listeners, 2, -1), "poll");
	talk(must(accept(listeners[listeners[1].revents != 0].fd, NULL, NULL), "accept"), 0);
	tell(to_client);
}

/* Allows data in the SYN without a Fast Open cookie (Documentation/networking/ip-sysctl.rst). */
static void allow_fast_open(struct step *step)
{
	int queue = 8;
	FILE *file = fopen("/proc/sys/net/ipv4/tcp_fastopen", "w");

	if (!file || fputs("519", file) < 0 || fclose(file))
		fail("tcp_fastopen");
	must(setsockopt(step->listener, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue)), "TCP_FASTOPEN");
}

static void fast_as_client(struct step *step)
{
	union address address;
	socklen_t size = make_address(&address, step->family, step->port, 0);
	int fd = make_socket(step->family, 0);

	must(sendto(fd, "", 1, MSG_FASTOPEN | MSG_NOSIGNAL, &address.any, size), "sendto");
	receive_bytes(fd, 1);
	if (!(info_of(fd).tcpi_options & TCPI_OPT_SYN_DATA))
		fail("the SYN carried no data");
	close(fd);
	listen_to(to_client);
}

static void talk_as_server(struct step *step)
{
	talk(must(accept(step->listener, NULL, NULL), "accept"), 0);
	tell(to_client);
}
