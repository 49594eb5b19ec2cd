/*
 * Calls slow functions with known arguments: prints "pid PID", waits for a line, makes the calls,
 * and ends.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
/* Goes between the last call and the return: without it the compiler may make a tail call. */
#define NO_TAIL_CALL __asm__ volatile("")

static void nap(void)
{
	const struct timespec time = { .tv_nsec = 2000000 };

	nanosleep(&time, NULL);
}

NOINLINE unsigned long slow_six(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
				unsigned long e, unsigned long f)
{
	nap();
	return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f;
}

NOINLINE long slow_depth(long left)
{
	long depth = left > 0 ? slow_depth(left - 1) : 0;

	nap();
	NO_TAIL_CALL;
	return depth + 1;
}

NOINLINE long caller(long number)
{
	for (unsigned long i = 1; i <= 3; i++)
		slow_six(i, 2, 3, 4, 5, 0xfedcba9876543210);
	return number + 1;
}

int main(void)
{
	printf("pid %d\n", getpid());
	fflush(stdout);
	for (int c; (c = getchar()) != '\n' && c != EOF;)
		;
	return caller(41) + slow_depth(4) - 47;
}
