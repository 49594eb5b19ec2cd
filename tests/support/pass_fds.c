/*
 * Passes file descriptors through a socket pair to itself (SCM_RIGHTS), for tests that trace it.
 *
 * It prints "pid PID", waits for a line on stdin, and then for each argument NAME=PATH:COUNT opens PATH
 * and passes the descriptor:
 *
 *   pass=PATH:COUNT   COUNT times in one message, and receives them
 *   each=PATH:COUNT   in COUNT messages, and receives each
 *   plain=PATH:COUNT  sends COUNT messages without any, and receives them
 *   refused=PATH:COUNT  COUNT times a descriptor that is not open
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 253

static int ends[2];

static void check(const char *what, long result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "pass_fds: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void await_line(void)
{
	char c;

	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static long pass(int fd, int count)
{
	static _Alignas(8) char room[CMSG_SPACE(MOST * sizeof(int))];
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (count) {
		message.msg_control = room;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		for (int i = 0; i < count; i++)
			memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof(int));
	}
	return sendmsg(ends[0], &message, 0);
}

static void receive(void)
{
	static _Alignas(8) char room[CMSG_SPACE(MOST * sizeof(int))];
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = sizeof(room),
	};

	check("recvmsg", recvmsg(ends[1], &message, 0));

	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int count = header ? (header->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

	for (int i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
		close(fd);
	}
}

int main(int argc, char **argv)
{
	prctl(PR_SET_NAME, "pass_fds");
	check("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	printf("pid %d\n", getpid());
	fflush(stdout);
	await_line();
	for (int i = 1; i < argc; i++) {
		char *path = strchr(argv[i], '=');
		char *colon = strrchr(argv[i], ':');
		int count = atoi(colon + 1);

		*path++ = *colon = 0;

		int fd = open(path, O_RDONLY);

		check(path, fd);
		if (!strcmp(argv[i], "pass")) {
			check("sendmsg", pass(fd, count));
			receive();
		}
		for (int n = 0; n < count; n++) {
			if (!strcmp(argv[i], "each") || !strcmp(argv[i], "plain")) {
				check("sendmsg", pass(fd, argv[i][0] == 'e'));
				receive();
			} else if (!strcmp(argv[i], "refused"))
				pass(9999, 1);
		}
		close(fd);
	}
	return 0;
}
