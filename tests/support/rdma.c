/*
 * RDMA connections that are requested and rejected; both ends are in one process, which tests trace.
 *
 *   rdma ADDRESS COUNT [ADDRESS COUNT]...
 *
 * It prints "pid PID", waits for a line on stdin, and makes the connections one after the other. It
 * uses /dev/infiniband/rdma_cm directly: no library is needed.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <rdma/rdma_user_cm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORT 7471
#define RELIABLE 2 /* IB_QPT_RC */
#define TIMEOUT_MS 10000

/* Numbers of enum rdma_cm_event_type. */
enum { ADDRESS_RESOLVED = 0, ROUTE_RESOLVED = 2, CONNECT_REQUEST = 4, REJECTED = 8 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void command(int fd, int number, const void *in, int in_size, int out_size)
{
	struct {
		struct rdma_ucm_cmd_hdr header;
		char body[1024];
	} message = { { number, in_size, out_size } };

	memcpy(message.body, in, in_size);
	if (write(fd, &message, sizeof(message.header) + in_size) < 0)
		fail("rdma_cm command");
}

static int open_manager(void)
{
	int fd = open("/dev/infiniband/rdma_cm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail("/dev/infiniband/rdma_cm");
	return fd;
}

static unsigned create_id(int fd)
{
	struct rdma_ucm_create_id_resp response = {};
	struct rdma_ucm_create_id create = {
		/* The kernel reports no events for an id whose uid is 0. */
		.uid = 1,
		.response = (unsigned long)&response,
		.ps = RDMA_PS_TCP,
		.qp_type = RELIABLE,
	};

	command(fd, RDMA_USER_CM_CMD_CREATE_ID, &create, sizeof(create), sizeof(response));
	return response.id;
}

/* Waits for the next event, which must be `event`; returns the id that it is for. */
static unsigned await(int fd, unsigned event)
{
	struct rdma_ucm_event_resp response = {};
	struct rdma_ucm_get_event get = { .response = (unsigned long)&response };

	command(fd, RDMA_USER_CM_CMD_GET_EVENT, &get, sizeof(get), sizeof(response));
	if (response.event != event) {
		fprintf(stderr, "rdma: event %u, status %d instead of event %u\n", response.event,
			(int)response.status, event);
		exit(1);
	}
	return response.id;
}

static struct sockaddr_in6 address_of(const char *text, int port)
{
	struct sockaddr_in6 address = { .sin6_family = strchr(text, ':') ? AF_INET6 : AF_INET };
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address;

	address.sin6_port = htons(port);
	if (inet_pton(address.sin6_family, text, address.sin6_family == AF_INET6 ?
		      (void *)&address.sin6_addr : &ipv4->sin_addr) != 1)
		fail(text);
	return address;
}

static void be_rejected(int server, const char *address)
{
	int client = open_manager();
	struct rdma_ucm_resolve_ip resolve = {
		.dst_addr = address_of(address, PORT),
		.id = create_id(client),
		.timeout_ms = TIMEOUT_MS,
	};
	struct rdma_ucm_resolve_route route = { resolve.id, TIMEOUT_MS };
	struct rdma_ucm_connect connect = {
		.conn_param = { .qp_num = 17, .retry_count = 7, .rnr_retry_count = 7, .valid = 1 },
		.id = resolve.id,
	};
	struct rdma_ucm_reject reject = { .reason = 28 }; /* IB_CM_REJ_CONSUMER_DEFINED */

	command(client, RDMA_USER_CM_CMD_RESOLVE_IP, &resolve, sizeof(resolve), 0);
	await(client, ADDRESS_RESOLVED);
	command(client, RDMA_USER_CM_CMD_RESOLVE_ROUTE, &route, sizeof(route), 0);
	await(client, ROUTE_RESOLVED);
	command(client, RDMA_USER_CM_CMD_CONNECT, &connect, sizeof(connect), 0);
	reject.id = await(server, CONNECT_REQUEST);
	command(server, RDMA_USER_CM_CMD_REJECT, &reject, sizeof(reject), 0);
	await(client, REJECTED);
	close(client);
}

/* Listens at an address; returns the descriptor that receives its events. */
static int listen_at(const char *address)
{
	int server = open_manager();
	struct rdma_ucm_bind_ip bind = { .addr = address_of(address, PORT), .id = create_id(server) };
	struct rdma_ucm_listen listen = { bind.id, 8 };

	command(server, RDMA_USER_CM_CMD_BIND_IP, &bind, sizeof(bind), 0);
	command(server, RDMA_USER_CM_CMD_LISTEN, &listen, sizeof(listen), 0);
	return server;
}

int main(int argc, char **argv)
{
	char c;

	printf("pid %d\n", getpid());
	fflush(stdout);
	while (read(0, &c, 1) == 1 && c != '\n')
		;
	for (int i = 1; i + 1 < argc; i += 2) {
		int server = listen_at(argv[i]);

		for (int count = atoi(argv[i + 1]); count > 0; count--)
			be_rejected(server, argv[i]);
		close(server);
	}
	return 0;
}
