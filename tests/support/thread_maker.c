/*
 * Makes known numbers of threads, and waits on a futex a known number of times.
 *
 *   first=COUNT    COUNT threads that begin with first_routine(), one after the other
 *   second=COUNT   the same with second_routine()
 *   waits=COUNT    a thread that waits on a futex COUNT times, each time until it is woken
 *
 * It prints "pid PID", waits for a line on stdin, and then does what its arguments say, in order.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORD ((int *)0x10000000) /* the futex, where a test can name it */

void *first_routine(void *value)
{
	return value;
}

void *second_routine(void *value)
{
	return value;
}

/* The C library's syscall() has no frame: a walk by frame pointers would miss the caller. */
static __attribute__((noinline)) int wait_once(void)
{
	return !syscall(SYS_futex, WORD, FUTEX_WAIT, 0, NULL, NULL, 0);
}

void *waiting_routine(void *count)
{
	for (long woken = 0; woken < (long)count;)
		woken += wait_once();
	return NULL;
}

static void make(void *(*routine)(void *), long count)
{
	pthread_t thread;

	while (count--) {
		pthread_create(&thread, NULL, routine, NULL);
		pthread_join(thread, NULL);
	}
}

static void wait_often(long count)
{
	pthread_t thread;

	pthread_create(&thread, NULL, waiting_routine, (void *)count);
	while (count)
		if (syscall(SYS_futex, WORD, FUTEX_WAKE, 1, NULL, NULL, 0) == 1)
			count--;
		else
			usleep(100);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	char c;

	if (mmap(WORD, sizeof(*WORD), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != WORD) {
		perror("mmap");
		return 1;
	}
	printf("pid %d\n", getpid());
	fflush(stdout);
	while (read(0, &c, 1) == 1 && c != '\n')
		;
	for (int i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');
		long count = atol(equals + 1);

		if (!strncmp(argv[i], "first=", 6))
			make(first_routine, count);
		else if (!strncmp(argv[i], "second=", 7))
			make(second_routine, count);
		else
			wait_often(count);
	}
	return 0;
}
