/*
 * Functions to probe by pattern, by address and by debug file: prints "pid PID", waits for a line,
 * calls each function as often as its name says, and ends. Argument "thread": it calls them on a
 * second thread. Argument "wait": it calls waits_1 only, which prints "waiting" and waits for another
 * line.
 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FUNCTION(name) \
	__attribute__((noinline)) int name(int x) { __asm__ volatile("" ::: "memory"); return x * 31; }

int cplusplus(int) __asm__("_ZN2ns5Thing8turns_11Ei");
int rust(int) __asm__("_ZN4main8turns_1317h0123456789abcdefE");

FUNCTION(calls_2)
FUNCTION(calls_3)
FUNCTION(calls_5)
FUNCTION(other_7)
FUNCTION(cplusplus)
FUNCTION(rust)

#ifdef __x86_64__
/* The kernel refuses a uprobe here: an instruction with a lock prefix. */
__asm__(".text\n"
	".globl refused\n"
	".type refused, @function\n"
	"refused: lock incl (%rdi)\n"
	"ret\n"
	".size refused, . - refused\n");
#endif

/* Sleeps two milliseconds. */
__attribute__((noinline)) int naps_3(int x)
{
	const struct timespec time = { .tv_nsec = 2000000 };

	nanosleep(&time, NULL);
	return x * 31;
}

/* Recursive: 17 calls are in flight while the innermost one sleeps. */
__attribute__((noinline)) int descends_17(int left)
{
	int result = left > 0 ? descends_17(left - 1) : naps_3(left);

	__asm__ volatile("" ::: "memory");
	return result + 1;
}

/* In flight until a line comes on stdin. */
__attribute__((noinline)) int waits_1(int x)
{
	puts("waiting");
	fflush(stdout);
	for (int c; (c = getchar()) != '\n' && c != EOF;)
		;
	return x * 31;
}

static void *call_all(void *unused)
{
	volatile int sink = 1;

	for (int i = 0; i < 2; i++)
		sink = calls_2(sink);
	for (int i = 0; i < 3; i++)
		sink = calls_3(sink);
	for (int i = 0; i < 5; i++)
		sink = calls_5(sink);
	for (int i = 0; i < 7; i++)
		sink = other_7(sink);
	for (int i = 0; i < 11; i++)
		sink = cplusplus(sink);
	for (int i = 0; i < 13; i++)
		sink = rust(sink);
	for (int i = 0; i < 2; i++)
		sink = naps_3(sink);
	sink = descends_17(16);
	return unused;
}

int main(int argc, char **argv)
{
	printf("pid %d\n", getpid());
	fflush(stdout);
	for (int c; (c = getchar()) != '\n' && c != EOF;)
		;
	if (argc > 1 && argv[1][0] == 'w') {
		volatile int sink = waits_1(1);

		(void)sink;
	} else if (argc > 1) {
		pthread_t thread;

		pthread_create(&thread, NULL, call_all, NULL);
		pthread_join(thread, NULL);
	} else {
		call_all(NULL);
	}
	return 0;
}
