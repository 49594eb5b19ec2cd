/*
 * Reads and writes files, for tests that count it.
 *
 * It prints "pid PID", waits for a line on stdin, and then does what its arguments say, in order,
 * to the file opened last, 4096 bytes at a time:
 *
 *   open=PATH:COUNT        open(2) PATH COUNT times for reading and writing, created if need be
 *   append=PATH:COUNT      the same with O_APPEND
 *   direct=PATH:COUNT      the same with O_DIRECT
 *   path=PATH:COUNT        the same with O_PATH, closed again
 *   write= pwrite= writev= pwritev=COUNT
 *   read= pread= readv= preadv=COUNT
 *                          the nth of those with an offset at the nth 4096 bytes
 *   pwritev2=COUNT         the same with RWF_APPEND, whatever the offset
 *   aio_write= aio_read= uring_write= uring_read=COUNT
 *                          by libaio's and io_uring's calls, the nth at the nth 4096 bytes
 *   sendfile=COUNT         COUNT times 4096 bytes from the start to /dev/null, in one call
 *   copy=COUNT             copy the first COUNT times 4096 bytes right after them: copy_file_range
 *   start                  seek to the start
 *   fsync= fdatasync= fstat=COUNT
 *   forget                 take the file out of the page cache, and read nothing ahead from now on
 *   willneed=COUNT         have the first COUNT times 4096 bytes read ahead
 *   wait                   print "waiting", wait for another line on stdin
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "file_io_async.h"

#define SIZE 4096

static char buffer[SIZE] __attribute__((aligned(SIZE)));
static int fd = -1;

static void check(const char *what, ssize_t result, ssize_t expected)
{
	if (result == expected)
		return;
	fprintf(stderr, "file_io: %s: %zd: %s\n", what, result, strerror(errno));
	exit(1);
}

static void await_line(void)
{
	char c;

	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static void wait_again(void)
{
	printf("waiting\n");
	fflush(stdout);
	await_line();
}

static void forget(void)
{
	check("fsync", fsync(fd), 0);
	check("forget", posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	check("random", posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), 0);
}

static void open_each(char *value, int flags)
{
	char *colon = strrchr(value, ':');
	int count = atoi(colon + 1);

	*colon = 0;
	for (int i = 0; i < count; i++) {
		int opened = open(value, flags, 0600);

		check(value, opened < 0, 0);
		if (flags & O_PATH) {
			close(opened);
			continue;
		}
		if (fd >= 0)
			close(fd);
		fd = opened;
	}
}

static void repeat(const char *name, int count)
{
	struct iovec iov = { buffer, SIZE };
	struct stat status;

	for (int i = 0; i < count; i++) {
		off_t at = (off_t)i * SIZE;

		if (!strcmp(name, "write"))
			check(name, write(fd, buffer, SIZE), SIZE);
		else if (!strcmp(name, "pwrite"))
			check(name, pwrite(fd, buffer, SIZE, at), SIZE);
		else if (!strcmp(name, "writev"))
			check(name, writev(fd, &iov, 1), SIZE);
		else if (!strcmp(name, "pwritev"))
			check(name, pwritev(fd, &iov, 1, at), SIZE);
		else if (!strcmp(name, "pwritev2"))
			check(name, pwritev2(fd, &iov, 1, at, RWF_APPEND), SIZE);
		else if (!strcmp(name, "read"))
			check(name, read(fd, buffer, SIZE), SIZE);
		else if (!strcmp(name, "pread"))
			check(name, pread(fd, buffer, SIZE, at), SIZE);
		else if (!strcmp(name, "readv"))
			check(name, readv(fd, &iov, 1), SIZE);
		else if (!strcmp(name, "preadv"))
			check(name, preadv(fd, &iov, 1, at), SIZE);
		else if (!strcmp(name, "aio_write"))
			check(name, aio(fd, 1, buffer, SIZE, at), SIZE);
		else if (!strcmp(name, "aio_read"))
			check(name, aio(fd, 0, buffer, SIZE, at), SIZE);
		else if (!strcmp(name, "uring_write"))
			check(name, uring(fd, 1, buffer, SIZE, at), SIZE);
		else if (!strcmp(name, "uring_read"))
			check(name, uring(fd, 0, buffer, SIZE, at), SIZE);
		else if (!strcmp(name, "fsync"))
			check(name, fsync(fd), 0);
		else if (!strcmp(name, "fdatasync"))
			check(name, fdatasync(fd), 0);
		else if (!strcmp(name, "fstat"))
			check(name, fstat(fd, &status), 0);
		else
			check(name, -1, 0);
	}
}

static void send_pages(int count)
{
	int sink = open("/dev/null", O_WRONLY);
	off_t from = 0;

	check("sendfile", sendfile(sink, fd, &from, (size_t)count * SIZE), (ssize_t)count * SIZE);
	close(sink);
}

static void copy_pages(int count)
{
	off64_t from = 0, to = (off64_t)count * SIZE;

	check("copy", copy_file_range(fd, &from, fd, &to, (size_t)count * SIZE, 0), (ssize_t)count * SIZE);
}

int main(int argc, char **argv)
{
	memset(buffer, 'x', SIZE);
	prctl(PR_SET_NAME, "file_io");
	printf("pid %d\n", getpid());
	fflush(stdout);
	await_line();
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (value)
			*value++ = 0;
		if (!strcmp(argv[i], "open"))
			open_each(value, O_RDWR | O_CREAT);
		else if (!strcmp(argv[i], "append"))
			open_each(value, O_RDWR | O_CREAT | O_APPEND);
		else if (!strcmp(argv[i], "direct"))
			open_each(value, O_RDWR | O_CREAT | O_DIRECT);
		else if (!strcmp(argv[i], "path"))
			open_each(value, O_PATH);
		else if (!strcmp(argv[i], "sendfile"))
			send_pages(atoi(value));
		else if (!strcmp(argv[i], "copy"))
			copy_pages(atoi(value));
		else if (!strcmp(argv[i], "start"))
			lseek(fd, 0, SEEK_SET);
		else if (!strcmp(argv[i], "forget"))
			forget();
		else if (!strcmp(argv[i], "willneed"))
			check("willneed", posix_fadvise(fd, 0, atol(value) * SIZE, POSIX_FADV_WILLNEED), 0);
		else if (!strcmp(argv[i], "wait"))
			wait_again();
		else
			repeat(argv[i], atoi(value));
	}
	return 0;
}
