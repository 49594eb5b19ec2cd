/*
 * A client and a server, two processes, that talk over TLS on the loopback interface, for tests that trace
 * them. tls_openssl.c, tls_gnutls.c and tls_nss.c include this file and define the functions below for
 * their library.
 *
 * Arguments: the files of a certificate and its key, and steps. It prints "pid PID" of the client and
 * "server PID", waits for a line on stdin, and does the steps in order, over one connection:
 *
 *   text=COUNT    "request N", answered by "answer N"
 *   ex=COUNT      the same by the library's other functions, such as SSL_read_ex()
 *   binary=COUNT  bytes 0x01 0xff 0x00 0x1b, which come back
 *   large=SIZE    SIZE bytes "x" in one call, answered by "ok"
 *   say=TEXT      sends TEXT, which is not answered
 */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGEST (1 << 20)

/* Defined for each library; `connection` is opaque. A call transfers all bytes or fails. */
static void *tls_begin(int fd, int is_server, const char *certificate, const char *key);
static int tls_read(void *connection, void *data, int size, int other);
static int tls_write(void *connection, const void *data, int size, int other);

static void fail(const char *what)
{
	fprintf(stderr, "tls: %s\n", what);
	exit(1);
}

static void send_all(void *connection, const void *data, int size, int other)
{
	if (tls_write(connection, data, size, other) != size)
		fail("write");
}

static void receive_all(void *connection, const void *expected, int size, int other)
{
	static char data[LARGEST];
	int n, got = 0;

	for (; got < size; got += n) {
		n = tls_read(connection, data + got, size - got, other);
		if (n <= 0)
			fail("read");
	}
	if (memcmp(data, expected, size))
		fail("other data than expected");
}

/* One side sends what the other one receives. */
static void transfer(void *connection, int is_sender, const void *data, int size, int other)
{
	if (is_sender)
		send_all(connection, data, size, other);
	else
		receive_all(connection, data, size, other);
}

static void exchange(void *connection, int is_server, const char *step)
{
	static const char binary[4] = { 1, -1, 0, 27 };
	static char large[LARGEST];
	const char *value = strchr(step, '=') + 1;
	int count = atoi(value), other = !strncmp(step, "ex=", 3);
	char text[64];

	if (!strncmp(step, "large=", 6)) {
		memset(large, 'x', count);
		transfer(connection, !is_server, large, count, 0);
		transfer(connection, is_server, "ok", 2, 0);
		return;
	}
	if (!strncmp(step, "say=", 4))
		transfer(connection, !is_server, value, strlen(value), 0);
	for (int i = 0; i < count; i++) {
		if (!strncmp(step, "binary=", 7)) {
			transfer(connection, !is_server, binary, sizeof(binary), 0);
			transfer(connection, is_server, binary, sizeof(binary), 0);
			continue;
		}
		sprintf(text, "request %d\n", i);
		transfer(connection, !is_server, text, strlen(text), other);
		sprintf(text, "answer %d\n", i);
		transfer(connection, is_server, text, strlen(text), other);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0), status;
	void *connection;
	char c;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (argc < 3 || bind(listener, (void *)&address, size) || listen(listener, 1) ||
	    getsockname(listener, (void *)&address, &size))
		fail("no listener");

	int server = fork();

	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "tls-server");
		connection = tls_begin(accept(listener, NULL, NULL), 1, argv[1], argv[2]);
		for (int i = 3; i < argc; i++)
			exchange(connection, 1, argv[i]);
		return 0;
	}
	prctl(PR_SET_NAME, "tls-client");
	printf("pid %d\nserver %d\nready\n", getpid(), server);
	fflush(stdout);
	while (read(0, &c, 1) == 1 && c != '\n')
		;
	if (connect(fd, (void *)&address, size))
		fail("connect");
	connection = tls_begin(fd, 0, argv[1], argv[2]);
	for (int i = 3; i < argc; i++)
		exchange(connection, 0, argv[i]);
	return waitpid(server, &status, 0) != server || status;
}
