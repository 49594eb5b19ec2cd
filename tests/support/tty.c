/*
 * Writes to its own pseudo-terminal, for tests of tools that trace terminals.
 *
 * It prints "pid PID", waits for a line on stdin, and then does what its arguments say, in order. The
 * terminal is descriptor 9; nothing reads the master side.
 *
 *   write=TEXT             write(2)
 *   writev=TEXT,TEXT,…     one writev(2)
 *   own=TEXT               write(2) to /dev/tty
 *   other=TEXT             write(2) to another pseudo terminal
 *   long=COUNT             write(2) COUNT times the letter x
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PARTS 8

static void check(const char *what, ssize_t result, ssize_t expected)
{
	if (result == expected)
		return;
	fprintf(stderr, "tty: %s: %zd: %s\n", what, result, strerror(errno));
	exit(1);
}

static int open_terminal(void)
{
	int leader = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios raw;

	check("unlockpt", unlockpt(leader), 0);

	int terminal = open(ptsname(leader), O_RDWR | O_NOCTTY);

	check("tcgetattr", tcgetattr(terminal, &raw), 0);
	cfmakeraw(&raw);
	check("tcsetattr", tcsetattr(terminal, TCSANOW, &raw), 0);
	return terminal;
}

static void write_parts(int fd, char *text)
{
	struct iovec parts[PARTS];
	int count = 0;
	ssize_t size = 0;

	for (char *part = strtok(text, ","); part && count < PARTS; part = strtok(NULL, ",")) {
		parts[count].iov_base = part;
		parts[count].iov_len = strlen(part);
		size += parts[count++].iov_len;
	}
	check("writev", writev(fd, parts, count), size);
}

static void write_text(int fd, const char *text)
{
	check(text, write(fd, text, strlen(text)), strlen(text));
}

static void write_long(int fd, size_t count)
{
	char *text = malloc(count);

	memset(text, 'x', count);
	for (size_t done = 0; done < count;) {
		ssize_t size = write(fd, text + done, count - done);

		if (size <= 0)
			check("write", size, count);
		done += size;
	}
}

static int run(int terminal, int count, char **steps)
{
	int other = open_terminal();
	int own = open("/dev/tty", O_RDWR);
	char c;

	check("/dev/tty", own < 0, 0);
	printf("pid %d\n", getpid());
	fflush(stdout);
	while (read(0, &c, 1) == 1 && c != '\n')
		;
	for (int i = 0; i < count; i++) {
		char *value = strchr(steps[i], '=');

		*value++ = 0;
		if (!strcmp(steps[i], "write"))
			write_text(terminal, value);
		else if (!strcmp(steps[i], "writev"))
			write_parts(terminal, value);
		else if (!strcmp(steps[i], "own"))
			write_text(own, value);
		else if (!strcmp(steps[i], "other"))
			write_text(other, value);
		else
			write_long(terminal, atoi(value));
	}
	return 0;
}

/* Only a session leader gets a controlling terminal, and setsid() fails in a group leader: so it forks. */
int main(int argc, char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_NAME, "tty");
		prctl(PR_SET_PDEATHSIG, 9);
		check("setsid", setsid() < 0, 0);

		int terminal = dup2(open_terminal(), 9);

		check("TIOCSCTTY", ioctl(terminal, TIOCSCTTY, 0), 0);
		return run(terminal, argc - 1, argv + 1);
	}
	check("waitpid", waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
