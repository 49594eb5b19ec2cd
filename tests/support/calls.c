/*
 * Makes known numbers of system calls and of sleeps, for tests that count them.
 *
 * It prints "pid PID", waits for a line on stdin, and then does what its arguments say, in order:
 *
 *   getpgid=COUNT   getpgid(0) COUNT times
 *   missing=COUNT   getpgid() of a process that does not exist
 *   foreign=COUNT   getpid() as 32-bit programs call it (int 0x80); on x86-64 only
 *   sleep=COUNT     nanosleep() for a millisecond COUNT times
 *   block=COUNT     the same until COUNT of them have left the CPU: a thread whose timer expires
 *                   before it leaves the CPU does not sleep
 *   spin=COUNT      use the CPU for COUNT milliseconds
 *   child           does the remaining arguments in a child process, which prints its own "pid PID"
 *   switches        print "switches VOLUNTARY INVOLUNTARY" of this thread, and wait for a line
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOBODY 0x7fffffff

static void await_line(void)
{
	char c;

	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static void getpid_of_32_bit(void)
{
#ifdef __x86_64__
	long result = 20;

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
#endif
}

static void spin(int milliseconds)
{
	struct timespec now;
	double end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	end = now.tv_sec * 1e3 + now.tv_nsec / 1e6 + milliseconds;
	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	while (now.tv_sec * 1e3 + now.tv_nsec / 1e6 < end);
}

static void child(void)
{
	int status;
	int pid = fork();

	if (pid > 0) {
		waitpid(pid, &status, 0);
		exit(WEXITSTATUS(status));
	}
	printf("pid %d\n", getpid());
	fflush(stdout);
}

/* How often this thread left its CPU voluntarily. */
static long given_up(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

static void block(int count)
{
	const struct timespec millisecond = { .tv_nsec = 1000000 };

	while (count > 0) {
		long before = given_up();

		syscall(SYS_nanosleep, &millisecond, NULL);
		count -= given_up() - before;
	}
}

static void switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	printf("switches %ld %ld\n", usage.ru_nvcsw, usage.ru_nivcsw);
	fflush(stdout);
	await_line();
}

static void run(const char *name, int count)
{
	const struct timespec millisecond = { .tv_nsec = 1000000 };

	if (!strcmp(name, "child"))
		return child();
	if (!strcmp(name, "switches"))
		return switches();
	if (!strcmp(name, "spin"))
		return spin(count);
	if (!strcmp(name, "block"))
		return block(count);
	for (int i = 0; i < count; i++) {
		if (!strcmp(name, "getpgid"))
			syscall(SYS_getpgid, 0);
		else if (!strcmp(name, "missing"))
			syscall(SYS_getpgid, NOBODY);
		else if (!strcmp(name, "foreign"))
			getpid_of_32_bit();
		else if (!strcmp(name, "sleep"))
			syscall(SYS_nanosleep, &millisecond, NULL);
	}
}

int main(int argc, char **argv)
{
	printf("pid %d\n", getpid());
	fflush(stdout);
	await_line();
	for (int i = 1; i < argc; i++) {
		char *count = strchr(argv[i], '=');

		if (count)
			*count++ = 0;
		run(argv[i], count ? atoi(count) : 0);
	}
	return 0;
}
