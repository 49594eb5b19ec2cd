/*
 * Makes known TCP connections, for tests that count them.
 *
 * A client and a server, two processes. It prints "client PID", "server PID", "port PORT" for each
 * step that has a listener, and "ready", waits for a line on stdin, and then does what its arguments
 * say, in order. For each connection it prints "flow FAMILY
 * PORT PORT RETRANSMITS": the client's port, the server's, how often the client sent again. FAMILY
 * is 4, 6, or m for an IPv6 socket that talks IPv4.
 *
 *   exchange=FAMILY:COUNT:UP:DOWN:END   the client sends UP bytes, the server answers DOWN bytes;
 *                                       END is who closes first: client, server, or reset: the
 *                                       client, without a word
 *   lossy=FAMILY:COUNT                  the server's end is deaf until the client has sent again
 *   abandoned=FAMILY:COUNT              the client resets before the server accepts, which it never does
 *   refused=FAMILY:COUNT                connect where nobody listens
 *   unanswered=FAMILY:COUNT             connect where nobody answers until all have sent again
 *   blocked=FAMILY                      the same in a connect() that waits; a signal ends it
 *   taken=4                             the same without waiting, and again from the same port to the
 *                                       same, which fails before anything is sent
 *   resolve=CALL:LAST                   a name server says that CALL.test is 127.0.0.LAST; the client
 *                                       receives it by CALL: recvfrom, recvmsg or read
 *   reach=LAST                          connect to 127.0.0.LAST where nobody listens
 *   wait=                               print "waiting", wait for a line
 *   uid=UID, comm=NAME                  the client becomes that user, calls itself so
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <netinet/tcp.h>

#define SOCKETS_MAX 256

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct step {
	const char *name;
	char family;
	int count, up, down;
	char end[16];
	int listener, port;
};

static int to_server[2], to_client[2];

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

static socklen_t make_address(union address *address, char family, int port, int is_remote)
{
	memset(address, 0, sizeof(*address));
	if (family == '4') {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(port);
		inet_pton(AF_INET, is_remote ? "198.51.100.1" : "127.0.0.1", &address->v4.sin_addr);
		return sizeof(address->v4);
	}
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = htons(port);
	inet_pton(AF_INET6, family == 'm' ? is_remote ? "::ffff:198.51.100.1" : "::ffff:127.0.0.1" :
		  is_remote ? "2001:db8:1::1" : "::1", &address->v6.sin6_addr);
	return sizeof(address->v6);
}

static int make_socket(char family, int flags)
{
	int type = SOCK_STREAM | SOCK_CLOEXEC | flags;

	return must(socket(family == '4' ? AF_INET : AF_INET6, type, 0), "socket");
}

static int port_of(int fd)
{
	union address address;
	socklen_t size = sizeof(address);

	must(getsockname(fd, &address.any, &size), "getsockname");
	return ntohs(address.v4.sin_port); /* at the same place in both */
}

static struct tcp_info info_of(int fd)
{
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
	return info;
}

static void print_flow(const struct step *step, int fd, int port)
{
	printf("flow %c %d %d %u\n", step->family, port_of(fd), port, info_of(fd).tcpi_total_retrans);
}

/* Waits until the client's end has sent something again, and, if `all`, has all acknowledged. */
static void await_retransmit(int fd, int all)
{
	struct tcp_info info;

	do {
		poll(NULL, 0, 1);
		info = info_of(fd);
	} while (!info.tcpi_total_retrans || (all && info.tcpi_unacked));
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

static int connect_once(struct step *step)
{
	union address address;
	socklen_t size = make_address(&address, step->family, step->port, 0);
	int fd = make_socket(step->family, 0);

	must(connect(fd, &address.any, size), "connect");
	return fd;
}

static void reset_at_close(int fd)
{
	struct linger none = { .l_onoff = 1 };

	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), "SO_LINGER");
}

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
	int port = 9; /* discard: nobody listens in a namespace of the test's own */
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

static int bound(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int on = 1, fd = make_socket('4', SOCK_NONBLOCK);

	must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), "SO_REUSEADDR");
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	return fd;
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

static int is(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static void run_client(struct step *step)
{
	const char *value = strchr(step->name, '=') + 1;

	if (is(step->name, "wait=")) {
		puts("waiting");
		await_line();
	} else if (is(step->name, "uid=")) {
		must(setresuid(atoi(value), atoi(value), atoi(value)), "setresuid");
	} else if (is(step->name, "comm=")) {
		prctl(PR_SET_NAME, value);
	} else if (is(step->name, "unanswered=")) {
		unanswered(step);
	} else if (is(step->name, "blocked=")) {
		blocked(step);
	} else if (is(step->name, "taken=")) {
		taken(step);
	} else if (is(step->name, "resolve=")) {
		resolve(value);
	} else if (is(step->name, "reach=")) {
		reach(atoi(value));
	} else for (int i = 0; i < step->count; i++) {
		if (is(step->name, "exchange="))
			exchange_as_client(step);
		else if (is(step->name, "lossy="))
			lossy_as_client(step);
		else if (is(step->name, "abandoned="))
			abandoned(step);
		else
			refused(step);
	}
}

static void run_server(struct step *step)
{
	for (int i = 0; i < step->count; i++) {
		if (is(step->name, "exchange="))
			exchange_as_server(step);
		else if (is(step->name, "lossy="))
			lossy_as_server(step);
	}
}

static void prepare(struct step *step, const char *text)
{
	union address address;
	const char *value = strchr(text, '=');

	step->name = text;
	if (is(text, "wait=") || is(text, "uid=") || is(text, "comm="))
		return;
	if (!value || sscanf(value, "=%c:%d:%d:%d:%15s", &step->family, &step->count, &step->up,
			     &step->down, step->end) < 1 || step->count > SOCKETS_MAX)
		fail(text);
	if (!is(text, "exchange=") && !is(text, "lossy=") && !is(text, "abandoned="))
		return;
	step->listener = make_socket(step->family, 0);
	must(bind(step->listener, &address.any, make_address(&address, step->family, 0, 0)), "bind");
	must(listen(step->listener, 8), "listen");
	step->port = port_of(step->listener);
}

int main(int argc, char **argv)
{
	struct step steps[32] = {};
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (argc > 32)
		fail("too many steps");
	for (int i = 1; i < argc; i++)
		prepare(&steps[i - 1], argv[i]);
	must(pipe(to_server), "pipe");
	must(pipe(to_client), "pipe");

	int server = must(fork(), "fork");

	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "tcp-server");
		for (int i = 1; i < argc; i++)
			run_server(&steps[i - 1]);
		return 0;
	}
	prctl(PR_SET_NAME, "tcp-client");
	printf("client %d\nserver %d\n", getpid(), server);
	for (int i = 0; i < argc - 1; i++) {
		if (steps[i].listener)
			printf("port %d\n", steps[i].port);
	}
	puts("ready");
	await_line();
	for (int i = 1; i < argc; i++)
		run_client(&steps[i - 1]);
	must(waitpid(server, &status, 0), "waitpid");
	return status != 0;
}
