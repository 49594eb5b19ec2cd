/*
 * Makes sockets and does with them what its arguments say, for tests that trace it.
 *
 * It prints "pid PID", waits for a line on stdin, and does the steps in order. Calls may fail.
 *
 *   socket=KIND              makes the socket that the next steps use: tcp4, tcp6, udp4, udp6, mptcp4, unix
 *   option=NAME              freebind, transparent, noport, reuseaddr, reuseport
 *   device=NAME              bind to an interface
 *   bind=ADDRESS,PORT        of the socket's family
 *   listen=BACKLOG
 *   before=                  the next steps use the socket that was made before this one
 *   times=COUNT,STEP         does a step COUNT times
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static int fd = -1, before = -1, family;

static const struct option {
	const char *name;
	int level, number;
} options[] = {
	{ "freebind", SOL_IP, IP_FREEBIND },
	{ "transparent", SOL_IP, IP_TRANSPARENT },
	{ "noport", SOL_IP, IP_BIND_ADDRESS_NO_PORT },
	{ "reuseaddr", SOL_SOCKET, SO_REUSEADDR },
	{ "reuseport", SOL_SOCKET, SO_REUSEPORT },
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void make_socket(const char *kind)
{
	int type = strncmp(kind, "udp", 3) ? SOCK_STREAM : SOCK_DGRAM;
	int protocol = strncmp(kind, "mptcp", 5) ? 0 : IPPROTO_MPTCP;

	family = !strcmp(kind, "unix") ? AF_UNIX : strchr(kind, '6') ? AF_INET6 : AF_INET;
	before = fd;
	fd = socket(family, type, protocol);
	if (fd < 0)
		die(kind);
}

static void set_option(const char *name)
{
	int on = 1;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!strcmp(options[i].name, name) &&
		    setsockopt(fd, options[i].level, options[i].number, &on, sizeof(on)))
			die(name);
	}
}

static void bind_to(char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char *port = strchr(text, ',');
	int ok = 1;

	if (family == AF_UNIX) {
		strncpy(un.sun_path + 1, text, sizeof(un.sun_path) - 2);
		if (bind(fd, (void *)&un, sizeof(un)))
			die("bind to a unix address");
		return;
	}
	*port++ = 0;
	if (family == AF_INET)
		ok = inet_pton(AF_INET, text, &v4.sin_addr);
	else
		ok = inet_pton(AF_INET6, text, &v6.sin6_addr);
	if (ok != 1)
		die(text);
	v4.sin_port = v6.sin6_port = htons(atoi(port));
	/* A failure is part of some tests: the tracer shows it. */
	if (bind(fd, family == AF_INET ? (void *)&v4 : (void *)&v6, family == AF_INET ? sizeof(v4) : sizeof(v6)))
		return;
}

static void step(const char *text)
{
	char name[32], value[128] = "";

	if (sscanf(text, "%31[^=]=%127[^\n]", name, value) < 1)
		die(text);
	if (!strcmp(name, "times")) {
		for (int i = atoi(value); i > 0; i--)
			step(strchr(value, ',') + 1);
	} else if (!strcmp(name, "socket")) {
		make_socket(value);
	} else if (!strcmp(name, "before")) {
		fd = before;
	} else if (!strcmp(name, "option")) {
		set_option(value);
	} else if (!strcmp(name, "device")) {
		if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, value, strlen(value)))
			die(text);
	} else if (!strcmp(name, "bind")) {
		bind_to(value);
	} else if (!strcmp(name, "listen")) {
		if (listen(fd, atoi(value)))
			return;
	} else {
		die(text);
	}
}

int main(int argc, char **argv)
{
	prctl(PR_SET_NAME, "sockets");
	printf("pid %d\n", getpid());
	fflush(stdout);
	getchar();
	for (int i = 1; i < argc; i++)
		step(argv[i]);
	return 0;
}
