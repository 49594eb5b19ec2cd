/*
 * Runs and sleeps on known stacks, for tests of tools that show them.
 *
 * It prints "pid PID", waits for a line on stdin, and then does what its arguments say, in order:
 *
 *   spin=COUNT         main > outer > middle > three_parts and one_part, which share COUNT million
 *                      turns of a loop as their names say, in a hundred slices
 *   named=COUNT        main > ns::Worker::turn(unsigned long), COUNT million turns
 *   rust=COUNT         main > app::worker::turn (legacy symbol mangling of Rust) >
 *                      app::worker::turn_on (mangling scheme v0)
 *   jit=COUNT          main > code in anonymous memory, named jit_turn by /tmp/perf-PID.map
 *   nap=COUNT:USECS    main > outer_nap > inner_nap > nanosleep(2), COUNT times
 *   block=COUNT:USECS  the same until COUNT of them have left the CPU: a thread whose timer
 *                      expires before it leaves the CPU does not sleep
 *   touch=COUNT        main > touch_pages, which uses COUNT new pages for the first time
 *   child=STEP         starts itself with that step, without waiting for a line, and waits for it
 *   halves=SECONDS     main > first_half and second_half, each in its half of the seconds of CLOCK_MONOTONIC;
 *                      prints the CPU time of both in ms, and how often it changed from one to the other
 *   threads=COUNT      COUNT threads that nap once each, for 50 ms
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
/* Goes between the last call and the return: without it the compiler may make a tail call. */
#define NO_TAIL_CALL __asm__ volatile("")
#define MILLION 1000000ul

/* A loop without calls: its samples are in the function that uses the macro. */
#define TURN(count)                                                                                \
	for (unsigned long left = (count); left > 0; left--)                                       \
	__asm__ volatile("")

unsigned long named_turn(unsigned long) __asm__("_ZN2ns6Worker4turnEm");
void rust_turn(unsigned long) __asm__("_ZN3app6worker4turn17h0123456789abcdefE");
void rust_turn_on(unsigned long) __asm__("_RNvNtCs1234_3app6worker7turn_on");

NOINLINE void three_parts(unsigned long count) { TURN(count); }
NOINLINE void one_part(unsigned long count) { TURN(count); }

NOINLINE void middle(unsigned long count)
{
	three_parts(count * 3 / 4);
	one_part(count / 4);
	NO_TAIL_CALL;
}

NOINLINE void outer(unsigned long count)
{
	middle(count);
	NO_TAIL_CALL;
}

NOINLINE unsigned long named_turn(unsigned long count)
{
	TURN(count);
	return count;
}

NOINLINE void rust_turn_on(unsigned long count) { TURN(count); }

NOINLINE void rust_turn(unsigned long count)
{
	rust_turn_on(count);
	NO_TAIL_CALL;
}

/* Makes the system call without libc, whose function keeps no frame pointer: the caller would be missing. */
NOINLINE void inner_nap(long usecs)
{
	struct timespec time = { usecs / 1000000, usecs % 1000000 * 1000 };
#ifdef __x86_64__
	long result = SYS_nanosleep;

	__asm__ volatile("syscall"
			 : "+a"(result)
			 : "D"(&time), "S"(NULL)
			 : "rcx", "r11", "memory");
#else
	register long number __asm__("x8") = SYS_nanosleep;
	register long result __asm__("x0") = (long)&time;
	register long rest __asm__("x1") = 0;

	__asm__ volatile("svc 0" : "+r"(result) : "r"(number), "r"(rest) : "memory");
#endif
	if (result)
		abort();
}

NOINLINE void outer_nap(long usecs)
{
	inner_nap(usecs);
	NO_TAIL_CALL;
}

/* How often this thread left its CPU voluntarily. */
static long given_up(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

NOINLINE void touch_pages(unsigned long count)
{
	char *pages = mmap(NULL, count * 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(pages, count * 4096, MADV_NOHUGEPAGE);
	for (unsigned long page = 0; page < count; page++)
		((volatile char *)pages)[page * 4096] = 1;
}

static NOINLINE void run_jit(unsigned long count)
{
#ifdef __x86_64__
	/* push rbp; mov rbp, rsp; 1: dec rdi; jnz 1b; pop rbp; ret */
	static const unsigned char code[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0xff,
					      0xcf, 0x75, 0xfb, 0x5d, 0xc3 };
#else
	/* 1: subs x0, x0, #1; b.ne 1b; ret */
	static const unsigned code[] = { 0xf1000400, 0x54ffffe1, 0xd65f03c0 };
#endif
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[64];

	memcpy(page, code, sizeof(code));
	mprotect(page, 4096, PROT_READ | PROT_EXEC);
	__builtin___clear_cache(page, (char *)page + sizeof(code));
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	FILE *map = fopen(path, "w");
	fprintf(map, "%lx %zx jit_turn\n", (unsigned long)page, sizeof(code));
	fclose(map);
	((void (*)(unsigned long))page)(count);
	NO_TAIL_CALL;
}

static void *nap_once(void *unused)
{
	outer_nap(50000);
	return unused;
}

static void start_child(char *program, char *step)
{
	pid_t child = fork();

	if (child == 0) {
		execl(program, program, "-", step, NULL);
		_exit(127);
	}
	printf("child %d\n", child);
	fflush(stdout);
	waitpid(child, NULL, 0);
}

#define NS_PER_SEC 1000000000l

static long now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

/* Each returns after the first turn (some microseconds) that ends outside its half of a second. */
NOINLINE int first_half(void)
{
	do
		TURN(2000);
	while (now_ns(CLOCK_MONOTONIC) % NS_PER_SEC < NS_PER_SEC / 2);
	return 0;
}

NOINLINE int second_half(void)
{
	do
		TURN(2000);
	while (now_ns(CLOCK_MONOTONIC) % NS_PER_SEC >= NS_PER_SEC / 2);
	return 1;
}

static void run_halves(unsigned long seconds)
{
	long end = now_ns(CLOCK_MONOTONIC) + seconds * NS_PER_SEC, spent[2] = {0};
	int turns = 0;

	while (now_ns(CLOCK_MONOTONIC) < end) {
		long start = now_ns(CLOCK_THREAD_CPUTIME_ID);
		int half = now_ns(CLOCK_MONOTONIC) % NS_PER_SEC < NS_PER_SEC / 2 ? first_half()
										  : second_half();

		spent[half] += now_ns(CLOCK_THREAD_CPUTIME_ID) - start;
		turns++;
	}
	printf("halves %ld %ld %d\n", spent[0] / 1000000, spent[1] / 1000000, turns);
}

int main(int argc, char **argv)
{
	int first = 1;

	prctl(PR_SET_NAME, "stacks");
	if (argc > 1 && !strcmp(argv[1], "-")) {
		first = 2;
	} else {
		char c;

		printf("pid %d\n", getpid());
		fflush(stdout);
		while (read(0, &c, 1) == 1 && c != '\n')
			;
	}
	for (int i = first; i < argc; i++) {
		char *value = strchr(argv[i], '=') + 1;
		unsigned long count = strtoul(value, NULL, 10);

		value[-1] = 0;
		if (!strcmp(argv[i], "spin")) {
			for (int slice = 0; slice < 100; slice++)
				outer(count * MILLION / 100);
		} else if (!strcmp(argv[i], "named")) {
			named_turn(count * MILLION);
		} else if (!strcmp(argv[i], "rust")) {
			rust_turn(count * MILLION);
		} else if (!strcmp(argv[i], "halves")) {
			run_halves(count);
		} else if (!strcmp(argv[i], "jit")) {
			run_jit(count * MILLION);
		} else if (!strcmp(argv[i], "touch")) {
			touch_pages(count);
		} else if (!strcmp(argv[i], "nap")) {
			long usecs = atol(strchr(value, ':') + 1);

			for (unsigned long nap = 0; nap < count; nap++)
				outer_nap(usecs);
		} else if (!strcmp(argv[i], "block")) {
			long usecs = atol(strchr(value, ':') + 1);
			long end = given_up() + count;

			while (given_up() < end)
				outer_nap(usecs);
		} else if (!strcmp(argv[i], "child")) {
			start_child(argv[0], value);
		} else if (!strcmp(argv[i], "threads")) {
			for (unsigned long n = 0; n < count; n++) {
				pthread_t thread;

				pthread_create(&thread, NULL, nap_once, NULL);
				pthread_join(thread, NULL);
			}
		}
	}
	return 0;
}
