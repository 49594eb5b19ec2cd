/*
 * Fires USDT probes, for tests that count them and read their arguments.
 *
 * It prints "pid PID". For each number N that it reads on stdin it fires every probe N times, and
 * prints "fired N enabled N semaphore N": how often the semaphore of the guarded probe was not 0, and
 * its value now. With an argument it uses the probes of the shared library of this name, which is
 * this file compiled with -DLIBRARY.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "usdt_probe.h"

__attribute__((used, section(".probes"))) static volatile unsigned short guarded_semaphore;
__attribute__((used)) static int numbers[4] = { 11, -22, 33, -44 };
static unsigned long enabled;

static __attribute__((noinline)) void fire_widths(void)
{
	signed char s8 = -101;
	unsigned char u8 = 201;
	short s16 = -30001;
	unsigned short u16 = 60001;
	int s32 = -2000000001;
	unsigned u32 = 4000000001;
	long s64 = -9000000000000000001;
	unsigned long u64 = 18000000000000000001u;

	PROBE("test", "widths", "0", "-1@%0 1@%1 -2@%2 2@%3 -4@%4 4@%5 -8@%6 8@%7", "q"(s8), "q"(u8),
	      "r"(s16), "r"(u16), "r"(s32), "r"(u32), "r"(s64), "r"(u64));
}

static __attribute__((noinline)) void fire_twelve(void)
{
	volatile long a = 1, b = 2, c = 3, d = 4;

	PROBE("test", "twelve", "0", "8@%0 8@%1 8@%2 8@%3 8@%4 8@%5 -8@%6 4@%7 -2@%8 2@%9 -1@%10 1@%11",
	      "m"(a), "r"(b), "m"(c), "r"(d), "n"(5), "n"(6), "n"(-7), "n"(8), "n"(-9), "n"(10),
	      "n"(-11), "n"(12));
}

/* Probes with arguments that only some tracers can read. */
static __attribute__((noinline)) void fire_forms(void)
{
	long index = 2, high = 0x1234;

	PROBE("test", "forms", "0",
	      "-4@(%0,%1,4) 1@%%ah -4@numbers(%%rip) -4@4+numbers(%%rip) -4@-4(%0,%1,4) 8f@%%xmm0",
	      "r"(numbers), "r"(index), "a"(high), "m"(numbers));
}

static __attribute__((noinline)) void fire_twice(volatile int *value)
{
	PROBE("test", "twice", "0", "-4@%0", "a"(17));
	PROBE("test", "twice", "0", "-4@%0", "m"(*value));
}

static __attribute__((noinline)) void fire_others(const char *text)
{
	PROBE("test", "text", "0", "8@%0", "r"(text));
	PROBE("test", "plain", "0", "", "m"(numbers));
	PROBE("other", "alike", "0", "", "m"(numbers));
	PROBE("test", "alike", "0", "", "m"(numbers));
	if (guarded_semaphore) {
		enabled++;
		PROBE("test", "guarded", "guarded_semaphore", "8@%0", "r"(enabled));
	}
}

void report(unsigned long count);

/* Fires every probe `count` times and prints the line "fired …". */
void report(unsigned long count)
{
	char text[32] = "hello, probe";
	volatile int value = -19;

	for (unsigned long i = 0; i < count; i++) {
		fire_widths();
		fire_twelve();
		fire_forms();
		fire_twice(&value);
		fire_others(text);
	}
	printf("fired %lu enabled %lu semaphore %d\n", count, enabled, guarded_semaphore);
	fflush(stdout);
}

#ifndef LIBRARY
int main(int argc, char **argv)
{
	void (*run)(unsigned long) = report;
	unsigned long count;

	if (argc > 1) {
		void *library = dlopen(argv[1], RTLD_NOW);

		if (!library || !(run = dlsym(library, "report"))) {
			fprintf(stderr, "usdt: %s\n", dlerror());
			return 1;
		}
	}
	printf("pid %d\n", getpid());
	fflush(stdout);
	while (scanf("%lu", &count) == 1)
		run(count);
	return 0;
}
#endif
