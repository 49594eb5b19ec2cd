/*
 * Keeps COUNT calls of open() in flight: blocked_opens FIFO COUNT.
 *
 * It prints "pid PID" and waits for a line on stdin. Then COUNT threads named "blocked" open the FIFO to
 * read, which blocks until another process opens it to write. When all threads are in open() it prints
 * "blocked". It ends when all threads have ended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *fifo;
static _Atomic int started;

static void fail(const char *what, int error)
{
	fprintf(stderr, "blocked_opens: %s: %s\n", what, strerrorname_np(error));
	exit(1);
}

static void *open_fifo(void *tid)
{
	prctl(PR_SET_NAME, "blocked");
	*(int *)tid = gettid();
	started++;
	if (syscall(SYS_openat, AT_FDCWD, fifo, O_RDONLY) < 0)
		fail("open", errno);
	return NULL;
}

/* /proc/PID/syscall names a thread's system call only while the thread sleeps in it (proc(5)). */
static int is_in_openat(int tid)
{
	char path[64], text[16] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		fail(path, errno);
	close(fd);
	return atoi(text) == SYS_openat && text[0] != 'r';
}

int main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[2]) : 0, error;
	pthread_t *threads = calloc(count, sizeof(*threads));
	int *tids = calloc(count, sizeof(*tids));
	pthread_attr_t small;

	if (!count || !threads || !tids)
		fail("arguments", EINVAL);
	fifo = argv[1];
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 4 * PTHREAD_STACK_MIN);
	printf("pid %d\n", getpid());
	fflush(stdout);
	for (int c; (c = getchar()) != '\n' && c != EOF;)
		;
	for (int i = 0; i < count; i++) {
		error = pthread_create(&threads[i], &small, open_fifo, &tids[i]);
		if (error)
			fail("a thread more", error);
	}
	while (started < count)
		sched_yield();
	for (int i = 0; i < count; i++)
		while (!is_in_openat(tids[i]))
			sched_yield();
	puts("blocked");
	fflush(stdout);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
