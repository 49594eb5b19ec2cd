/*
 * A chain of functions; faulty_symbols_test.ts damages the symbols of some of them in the file. It prints its pid,
 * waits for a line, calls the chain as often as argument 1 says, and then spins in the chain's last function for as
 * many milliseconds as argument 2 says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static volatile int count;

#define CALLS(name, next)                                                                          \
	__attribute__((noinline)) static void name(long until)                                     \
	{                                                                                          \
		next(until);                                                                       \
		count++;                                                                           \
	}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

__attribute__((noinline)) static void right_inner(long until)
{
	do
		for (int i = 0; until && i < 1000000; i++)
			count++;
	while (until && now() < until);
}

CALLS(faulty_size, right_inner)
CALLS(faulty_mangled_and_deep_______________, faulty_size)
CALLS(right_middle, faulty_mangled_and_deep_______________)
CALLS(faulty_control, right_middle)
CALLS(right_outer, faulty_control)

int main(int argc, char **argv)
{
	printf("pid %d\n", getpid());
	fflush(stdout);
	getchar();
	for (int i = atoi(argv[1]); i > 0; i--)
		right_outer(0);
	if (argc > 2)
		right_outer(now() + atoi(argv[2]));
	return 0;
}
