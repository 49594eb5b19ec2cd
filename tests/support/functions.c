/*
 * Functions to be found by pattern, address and debug file: prints "pid PID", waits for a line,
 * calls each as often as its name says, and ends.
 */
#include <stdio.h>
#include <unistd.h>

#define FUNCTION(name) \
	__attribute__((noinline)) int name(int x) { __asm__ volatile("" ::: "memory"); return x * 31; }

FUNCTION(calls_2)
FUNCTION(calls_3)
FUNCTION(calls_5)
FUNCTION(other_7)

int main(void)
{
	volatile int sink = 1;

	printf("pid %d\n", getpid());
	fflush(stdout);
	while (getchar() != '\n')
		;
	for (int i = 0; i < 2; i++)
		sink = calls_2(sink);
	for (int i = 0; i < 3; i++)
		sink = calls_3(sink);
	for (int i = 0; i < 5; i++)
		sink = calls_5(sink);
	for (int i = 0; i < 7; i++)
		sink = other_7(sink);
	return 0;
}
