/*
 * Fires USDT probes whose arguments differ in number, place or type between their locations.
 *
 * It prints "pid PID". For each number N that it reads on stdin it fires every probe N times, and
 * prints "fired N enabled 0 semaphore 0", in the format of usdt.c.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "usdt_probe.h"

struct item {
	struct item *next, *previous;
};

/* As Ruby's string__create: a constant, then a long. */
static __attribute__((noinline)) void fire_widths(void)
{
	PROBE("locations", "widths", "0", "-4@$-7");
	PROBE("locations", "widths", "0", "-8@%0 4@%1", "b"(5000000000), "c"(3000000001));
}

/* Registers only, as in PHP and PostgreSQL. */
static __attribute__((noinline)) void fire_signs(void)
{
	PROBE("locations", "signs", "0", "4@%k0 8@%1", "r"(4000000001), "a"(1l));
	PROBE("locations", "signs", "0", "-4@%k0 8@%1", "r"(-5), "b"(2l));
	PROBE("locations", "signs", "0", "-4@%k0 8@%1", "r"(-6), "c"(3l));
	PROBE("locations", "signs", "0", "-1@%b0 8@%1", "r"((char)-7), "d"(4l));
}

static __attribute__((noinline)) void fire_floats(void)
{
	double d = -2.5e-3, in_memory = 1e300;
	float f = 0.375f;
	long bits;
	int short_bits;

	memcpy(&bits, &d, sizeof(bits));
	memcpy(&short_bits, &f, sizeof(short_bits));
	PROBE("locations", "floats", "0", "8f@%0 4f@%k1 8f@%2", "a"(bits), "b"(short_bits),
	      "m"(in_memory));
}

static __attribute__((noinline)) void fire_items(void)
{
	static struct item last, first;

	first.next = &last;
	last.previous = &first;
	last.next = (struct item *)0x1234;
	PROBE("locations", "items", "0", "8@%0 8@$2 8@$3 8@$4 8@$5 8@$6 8@%1", "r"(&first), "r"("seventh"));
}

static __attribute__((noinline)) void fire_hidden(double value)
{
	PROBE("locations", "hidden", "0", "8@$1 8f@%%xmm0", "m"(value));
}

int main(void)
{
	unsigned long count;

	printf("pid %d\n", getpid());
	fflush(stdout);
	while (scanf("%lu", &count) == 1) {
		for (unsigned long i = 0; i < count; i++) {
			fire_widths();
			fire_signs();
			fire_floats();
			fire_items();
			fire_hidden(1);
		}
		printf("fired %lu enabled 0 semaphore 0\n", count);
		fflush(stdout);
	}
	return 0;
}
