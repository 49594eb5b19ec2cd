/*
 * Waits a known number of times for a kernel mutex, that of a pipe, which another thread holds.
 *
 *   pipe_mutex COUNT
 *
 * The holder writes to the pipe from a page without memory (userfaultfd), and keeps the mutex until the
 * page fault is served. The first thread asks how many bytes the pipe holds, which takes the mutex; the
 * page fault is served as soon as the first thread sleeps.
 *
 * It prints "pid PID", and waits for a line on stdin before the first time.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int pipe_fds[2], faults;
static char *pages;
static long page_size;

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static void *hold(void *page)
{
	must(write(pipe_fds[1], page, 1) == 1, "write");
	return NULL;
}

/* Whether the first thread sleeps in its call: /proc/PID/syscall names no call of a running thread. */
static int is_waiting(void)
{
	char path[64];
	FILE *call;
	int number = -1;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", getpid());
	call = fopen(path, "r");
	must(call != NULL, path);
	if (fscanf(call, "%d", &number) != 1)
		number = -1;
	fclose(call);
	return number == SYS_ioctl;
}

static void *bring(void *page)
{
	static char zeros[65536] __attribute__((aligned(65536)));
	struct uffdio_copy copy = {
		.dst = (unsigned long)page,
		.src = (unsigned long)zeros,
		.len = page_size,
	};

	while (!is_waiting())
		sched_yield();
	must(!ioctl(faults, UFFDIO_COPY, &copy), "UFFDIO_COPY");
	return NULL;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 0;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char c;

	page_size = sysconf(_SC_PAGESIZE);
	must(!pipe(pipe_fds), "pipe");
	faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	must(faults >= 0 && !ioctl(faults, UFFDIO_API, &api), "userfaultfd");
	pages = mmap(NULL, count * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(pages != MAP_FAILED, "mmap");
	range.range.start = (unsigned long)pages;
	range.range.len = count * page_size;
	must(!ioctl(faults, UFFDIO_REGISTER, &range), "UFFDIO_REGISTER");

	printf("pid %d\n", getpid());
	fflush(stdout);
	while (read(0, &c, 1) == 1 && c != '\n')
		;
	for (long i = 0; i < count; i++) {
		char *page = pages + i * page_size;
		struct uffd_msg fault;
		pthread_t holder, bringer;
		int bytes;

		pthread_create(&holder, NULL, hold, page);
		/* When the page fault is reported, the holder has the mutex. */
		must(read(faults, &fault, sizeof(fault)) == sizeof(fault), "read");
		pthread_create(&bringer, NULL, bring, page);
		must(!ioctl(pipe_fds[0], FIONREAD, &bytes), "FIONREAD");
		pthread_join(holder, NULL);
		pthread_join(bringer, NULL);
		must(read(pipe_fds[0], &c, 1) == 1, "read");
	}
	return 0;
}
