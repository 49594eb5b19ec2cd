/*
 * Makes known TCP connections between a client process and a server process, for tests that count them.
 *
 * It prints "client PID", "server PID", "port PORT" for each step that has a listener, and "ready",
 * waits for a line on stdin, and then does what its arguments say, in order. For each connection it
 * prints "flow FAMILY PORT PORT RETRANSMITS": the client's port, the server's port, the client's
 * retransmits. FAMILY is 4, 6, m for an IPv6 socket with an IPv4-mapped address, p for MPTCP over IPv4,
 * or v and w for IPv4 and IPv6 to the network namespace of `peer`.
 *
 *   exchange=FAMILY:COUNT:UP:DOWN:END   the client sends UP bytes, the server answers DOWN bytes;
 *                                       END is who closes first: client or server; reset: the
 *                                       client, by a RST
 *   lossy=FAMILY:COUNT                  the server drops segments until the client has sent one again
 *   peeked=FAMILY:COUNT                 the server peeks twice at the client's byte before it reads it
 *   before=FAMILY:COUNT                 a byte each way over connections made before "ready"
 *   passed=FAMILY:COUNT                 a byte each way; a process "tcp-heir" gets the accepted sockets
 *   shared=FAMILY:COUNT                 a byte each way; two sockets listen at one port (SO_REUSEPORT)
 *   fast=FAMILY:COUNT                   a byte each way; the first goes with the SYN (TCP Fast Open)
 *   abandoned=FAMILY:COUNT              the client resets before the server accepts, which it never does
 *   refused=FAMILY:COUNT                connect to a port without a listener
 *   unanswered=FAMILY:COUNT             connect where no answer comes, until all SYNs were sent again
 *   blocked=FAMILY                      the same by a blocking connect(), which a signal ends
 *   taken=4                             the same by a non-blocking connect(), and once more between the
 *                                       same ports, which fails before anything is sent
 *   resolve=CALL:LAST                   a DNS answer says that CALL.test is 127.0.0.LAST; the client
 *                                       receives it by CALL: recvfrom, recvmsg, recvmmsg, read,
 *                                       unconnected (recvfrom on a socket that is not connected); the
 *                                       same with a 6 at its end: from ::1; stream or stream6: over TCP;
 *                                       aaaa: by read, the answer is ::1; pointer: by recvfrom, the
 *                                       name of 127.0.0.LAST is pointer.test
 *   known=CALL:LAST                     the same, the server receives the answer
 *   reach=LAST                          connect to 127.0.0.LAST, to a port without a listener
 *   protocol=FAMILY:COUNT:PROTOCOL      make TCP sockets and check that their protocol is PROTOCOL
 *   peer=PATH                           the server, and the listeners of later steps, are in this
 *                                       network namespace
 *   wait=                               print "waiting", wait for a line
 *   uid=UID, comm=NAME                  the client becomes user UID, names itself NAME
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "tcp_attempts.h"
#include "tcp_dns.h"
#include "tcp_pairs.h"
#include "tcp_sockets.h"
#include "tcp_step.h"
#include "tcp_connection_kinds.h"

static int is(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static void protocol(const struct step *step)
{
	int protocol = 0;
	socklen_t size = sizeof(protocol);
	int fd = make_socket(step->family, 0);

	must(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size), "SO_PROTOCOL");
	if (protocol != step->up)
		fail("another protocol than expected");
	close(fd);
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
	} else if (is(step->name, "peer=")) {
		return;
	} else if (is(step->name, "before=")) {
		talk_before(step, 0);
	} else if (is(step->name, "known=")) {
		tell(to_server);
		listen_to(to_client);
	} else for (int i = 0; i < step->count; i++) {
		if (is(step->name, "exchange="))
			exchange_as_client(step);
		else if (is(step->name, "lossy="))
			lossy_as_client(step);
		else if (is(step->name, "peeked="))
			peeked_as_client(step);
		else if (is(step->name, "passed=") || is(step->name, "shared="))
			talk_as_client(step);
		else if (is(step->name, "fast="))
			fast_as_client(step);
		else if (is(step->name, "protocol="))
			protocol(step);
		else if (is(step->name, "abandoned="))
			abandoned(step);
		else
			refused(step);
	}
}

static void run_server(struct step *step)
{
	if (is(step->name, "known=")) {
		listen_to(to_server);
		resolve(strchr(step->name, '=') + 1);
		tell(to_client);
		return;
	}
	if (is(step->name, "before=")) {
		talk_before(step, 1);
		return;
	}
	for (int i = 0; i < step->count; i++) {
		if (is(step->name, "passed="))
			passed_as_server(step);
		else if (is(step->name, "shared="))
			shared_as_server(step);
		else if (is(step->name, "fast="))
			talk_as_server(step);
		else if (is(step->name, "exchange="))
			exchange_as_server(step);
		else if (is(step->name, "lossy="))
			lossy_as_server(step);
		else if (is(step->name, "peeked="))
			peeked_as_server(step);
	}
}

/* Enters the namespace of a step `peer`; returns the old one's descriptor, -1 if there is no such step. */
static int enter_peer(const char *step)
{
	int own = must(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "own namespace");
	int peer = must(open(strchr(step, '=') + 1, O_RDONLY | O_CLOEXEC), step);

	must(setns(peer, CLONE_NEWNET), "setns");
	close(peer);
	return own;
}

static const char *const with_listener[] = {
	"exchange=", "lossy=", "peeked=", "abandoned=", "before=", "passed=", "shared=", "fast=",
};

static void listen_for(struct step *step)
{
	union address address;
	int shared = is(step->name, "shared=");

	step->listener = make_socket(step->family, 0);
	must(setsockopt(step->listener, SOL_SOCKET, SO_REUSEPORT, &shared, sizeof(shared)), "SO_REUSEPORT");
	must(bind(step->listener, &address.any, make_address(&address, step->family, 0, 0)), "bind");
	must(listen(step->listener, 8), "listen");
	step->port = port_of(step->listener);
}

static void prepare(struct step *step, const char *text)
{
	const char *value = strchr(text, '=');

	step->name = text;
	if (is(text, "wait=") || is(text, "uid=") || is(text, "comm=") || is(text, "known=") ||
	    is(text, "resolve=") || is(text, "peer="))
		return;
	if (!value || sscanf(value, "=%c:%d:%d:%d:%15s", &step->family, &step->count, &step->up,
			     &step->down, step->end) < 1)
		fail(text);
	if (is(text, "unanswered=") && step->count > SOCKETS_MAX)
		fail(text); /* all of a step's connections are open at the same time */
	for (size_t i = 0; i < sizeof(with_listener) / sizeof(*with_listener); i++) {
		if (is(text, with_listener[i]))
			listen_for(step);
	}
	if (is(text, "before="))
		make_before(step);
	if (is(text, "shared="))
		share_port(step);
	if (is(text, "fast="))
		allow_fast_open(step);
}

int main(int argc, char **argv)
{
	struct step steps[32] = {};
	int status, own;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (argc > 32)
		fail("too many steps");
	own = argc > 1 && is(argv[1], "peer=") ? enter_peer(argv[1]) : -1;
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
	if (own >= 0)
		must(setns(own, CLONE_NEWNET), "setns");
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
