/*
 * Makes known TCP connections, for tests that count them.
 *
 * A client and a server, two processes. It prints "client PID", "server PID", "port PORT" for each
 * step that has a listener, and "ready", waits for a line on stdin, and then does what its arguments
 * say, in order. For each connection it prints "flow FAMILY
 * PORT PORT RETRANSMITS": the client's port, the server's, how often the client sent again. FAMILY
 * is 4, 6, m for an IPv6 socket that talks IPv4, or p for MPTCP by IPv4.
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
#include <linux/filter.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "tcp_dns.h"
#include "tcp_sockets.h"

#define SOCKETS_MAX 256

struct step {
	const char *name;
	char family;
	int count, up, down;
	char end[16];
	int listener, port;
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
	/* A FIN could be sent again as well, of which the number that was printed would not know. */
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
			     &step->down, step->end) < 1)
		fail(text);
	if (is(text, "unanswered=") && step->count > SOCKETS_MAX)
		fail(text); /* they are open at the same time */
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
