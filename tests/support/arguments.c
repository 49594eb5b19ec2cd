/*
 * Calls functions with known arguments, for tools that print arguments: prints "pid PID", waits for
 * a line, makes the calls, and ends. Argument 1 is the name that the process gives itself. Argument
 * 2: "libc" calls the C library instead; "deep" only factorial(), 10,300 recursive calls in flight.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

/* Same layout as the kernel's struct timespec64, which programs compiled at run time can name. */
struct pair {
	long long first;
	long second;
};

NOINLINE unsigned long take(signed char s8, unsigned short u16, int s32, unsigned long u64,
			    const char *text, const struct pair *pair)
{
	__asm__ volatile("" ::"r"(s8), "r"(u16), "r"(s32), "r"(text), "r"(pair) : "memory");
	return u64;
}

NOINLINE long factorial(long n)
{
	__asm__ volatile("");
	return n <= 1 ? 1 : n * factorial(n - 1);
}

NOINLINE int negate(int number)
{
	__asm__ volatile("");
	return -number;
}

/* Two adjacent instructions, each a location for a probe. */
void marked(void);
__asm__(".text\n"
	".globl marked\n"
	".type marked, %function\n"
	"marked: nop\n"
	"nop\n"
	"ret\n"
	".size marked, . - marked\n");

static const struct {
	int s8, u16, s32;
	unsigned long u64;
	const char *text;
	struct pair pair;
} rows[] = {
	{ -1, 60001, -2000000001, 18000000000000000001u, "plain", { 1, -11 } },
	{ 100, 2, 2000000002, 2, "quoted \"it\"\n", { 2, -22 } },
	{ -103, 3, 3, 9007199254740993, "\x1b[2J\xff", { 3, -33 } },
};

static void call_libc(void)
{
	const struct timespec time = { .tv_nsec = 1000001 };
	char buffer[64];

	for (int i = 0; i < 3; i++)
		open("/tsbcc/test.txt", 42);
	open("/tsbcc/test.txt.old", O_RDONLY);
	for (int i = 0; i < 5; i++) {
		void *volatile memory = malloc(1000003);

		free(memory);
	}
	for (int i = 0; i < 7; i++)
		if (write(1, "eleven char", 11) != 11)
			abort();
	if (write(2, "x", 1) != 1 || write(99, "bad", 3) != -1 || read(99, buffer, 1) != -1)
		abort();
	for (int i = 0; i < 2; i++)
		puts("Press ENTER to start.");
	fflush(stdout);
	for (int i = 0; i < 3; i++)
		nanosleep(&time, NULL);
	sleep(0);
	for (int i = 0; i < 2; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	volatile long sink;

	if (argc > 1)
		prctl(PR_SET_NAME, argv[1]);
	printf("pid %d\n", getpid());
	fflush(stdout);
	for (int c; (c = getchar()) != '\n' && c != EOF;)
		;
	if (argc > 2 && !strcmp(argv[2], "deep")) {
		sink = factorial(10300);
		return 0;
	}
	if (argc > 2) {
		call_libc();
		return 0;
	}
	for (int i = 0; i < 3; i++)
		sink = take(rows[i].s8, rows[i].u16, rows[i].s32, rows[i].u64, rows[i].text,
			    &rows[i].pair);
	for (int i = 0; i < 13; i++)
		sink = negate(i % 5);
	sink = factorial(4);
	marked();
	(void)sink;
	return 0;
}
