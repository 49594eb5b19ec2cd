/*
 * Steps of which the client and the server each do a half.
 */
#pragma once

#include <linux/filter.h>
#include "tcp_step.h"

static void exchange_as_client(struct step *step)
{
	int fd = connect_once(step);

	send_bytes(fd, step->up);
	receive_bytes(fd, step->down);
	print_flow(step, fd, step->port);
	if (!strcmp(step->end, "reset"))
		reset_at_close(fd);
	if (!strcmp(step->end, "server"))
		await_end(fd);
	close(fd);
	listen_to(to_client);
}

static void exchange_as_server(struct step *step)
{
	int fd = must(accept4(step->listener, NULL, NULL, SOCK_CLOEXEC), "accept4");

	receive_bytes(fd, step->up);
	send_bytes(fd, step->down);
	if (strcmp(step->end, "server"))
		await_end(fd);
	close(fd);
	tell(to_client);
}

static void lossy_as_client(struct step *step)
{
	int fd = connect_once(step);

	listen_to(to_client);
	send_bytes(fd, 100);
	await_retransmit(fd, 0);
	tell(to_server);
	await_retransmit(fd, 1);
	print_flow(step, fd, step->port);
	/* A FIN might be sent again as well, after the number of retransmits was read. */
	reset_at_close(fd);
	close(fd);
	listen_to(to_client);
}

static void lossy_as_server(struct step *step)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog deaf = { .len = 1, .filter = &drop };
	int fd = must(accept(step->listener, NULL, NULL), "accept");

	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &deaf, sizeof(deaf)), "attach filter");
	tell(to_client);
	listen_to(to_server);
	must(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &deaf, sizeof(deaf)), "detach filter");
	receive_bytes(fd, 100);
	await_end(fd);
	close(fd);
	tell(to_client);
}

/* A byte that the server peeks at twice before it reads it. */
static void peeked_as_client(struct step *step)
{
	int fd = connect_once(step);

	send_bytes(fd, 1);
	await_end(fd);
	print_flow(step, fd, step->port);
	close(fd);
	listen_to(to_client);
}

static void peeked_as_server(struct step *step)
{
	int fd = must(accept(step->listener, NULL, NULL), "accept");
	char c;

	for (int i = 0; i < 2; i++)
		must(recv(fd, &c, 1, MSG_PEEK), "peek");
	receive_bytes(fd, 1);
	close(fd);
	tell(to_client);
}
