/*
 * Known chains of calls in code without frame pointers: each ends in getppid(2), which nothing else here
 * calls, unless it says otherwise. Built with -O2 -fomit-frame-pointer.
 *
 * Usage: unwind STEP=COUNT…   It prints its pid, waits for a line and does the steps. If the line is
 * STEP=COUNT, it does that step instead, and then executes itself anew.
 *
 *   chain=DEPTH   DEPTH nested calls of link_of_chain
 *   nap=DEPTH     the same, but they end in the_nap > nanosleep(2)
 *   leak=DEPTH    the same, but they end in the_leak > malloc(3) of 1000 bytes and DEPTH, which are not freed
 *   signal=N      in the handler of a SIGSEGV, N times
 *   altstack=N    the same, the handler on a stack of its own
 *   alloca=N      under a function whose frame size is known only at run time
 *   aligned=N     under one that aligns its stack to more than 16 bytes
 *   big=N         under one with more than 100 KiB on the stack
 *   sort=N        under qsort(3) of the C library
 *   thread=N      in a thread
 *   assembly=N    under a function in assembly, with CFI directives
 *   switch=N      in a coroutine with a stack of its own, which a few instructions switch to, as libco's do
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone, noipa))

volatile long sink;
static sigjmp_buf after;

NOINLINE void the_call(void)
{
	sink += getppid();
	sink++; /* no tail call */
}

/* How often this thread left its CPU voluntarily. */
static long given_up(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

/* Naps until one was not over before the thread had left its CPU. */
NOINLINE void the_nap(void)
{
	struct timespec time = { .tv_nsec = 20000000 };
	long before = given_up();

	while (given_up() == before)
		nanosleep(&time, NULL);
	sink++;
}

static long leaked = 1000;
static void *volatile kept;

NOINLINE void the_leak(void)
{
	kept = malloc(leaked);
	sink++;
}

/* What the innermost call of a chain calls. */
static void (*volatile at_end)(void) = the_call;

NOINLINE long link_of_chain(long left)
{
	volatile long place[3] = { left };

	if (left > 1)
		place[1] = link_of_chain(left - 1);
	else
		at_end();
	return place[0] + place[1];
}

static void on_signal(int number)
{
	(void)number;
	the_call();
	siglongjmp(after, 1);
}

NOINLINE void touch(char *address)
{
	*(volatile char *)address = 1;
	sink++;
}

NOINLINE void raise_it(void)
{
	if (!sigsetjmp(after, 1))
		touch((char *)8);
	sink++;
}

static void catch_it(int flags)
{
	static char other[1 << 16];
	stack_t stack = { .ss_sp = other, .ss_size = sizeof(other) };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

NOINLINE void with_alloca(long size)
{
	volatile char *some = alloca(size);

	some[0] = 1;
	the_call();
	sink += some[size - 1];
}

NOINLINE void with_aligned(long size)
{
	volatile char wide[64] __attribute__((aligned(128)));
	volatile char *some = alloca(size);

	wide[0] = some[0] = 1;
	the_call();
	sink += wide[1] + some[size - 1];
}

NOINLINE void with_big(void)
{
	volatile char much[120000];

	much[0] = 1;
	the_call();
	sink += much[119999];
}

static int compare(const void *a, const void *b)
{
	(void)a;
	(void)b;
	the_call();
	return 0;
}

static void *in_thread(void *unused)
{
	the_call();
	return unused;
}

void by_hand(void (*called)(void));
asm(".text\n"
    ".type by_hand, @function\n"
    "by_hand:\n"
    ".cfi_startproc\n"
    "push %rbp\n"
    ".cfi_adjust_cfa_offset 8\n"
    ".cfi_rel_offset %rbp, 0\n"
    "xor %ebp, %ebp\n" /* rbp points to no frame */
    "sub $48, %rsp\n"
    ".cfi_adjust_cfa_offset 48\n"
    "call *%rdi\n"
    "add $48, %rsp\n"
    ".cfi_adjust_cfa_offset -48\n"
    "pop %rbp\n"
    ".cfi_adjust_cfa_offset -8\n"
    ".cfi_restore %rbp\n"
    "ret\n"
    ".cfi_endproc\n"
    ".size by_hand, .-by_hand\n");

/* Pushes the callee-saved registers, stores the stack pointer at *from, and switches to stack `to`. */
void switch_to(void **from, void *to);
asm(".text\n"
    ".type switch_to, @function\n"
    "switch_to:\n"
    ".cfi_startproc\n"
    "push %rbp\n"
    ".cfi_adjust_cfa_offset 8\n"
    ".cfi_rel_offset %rbp, 0\n"
    "push %rbx\n"
    ".cfi_adjust_cfa_offset 8\n"
    "push %r12\n"
    ".cfi_adjust_cfa_offset 8\n"
    "push %r13\n"
    ".cfi_adjust_cfa_offset 8\n"
    "push %r14\n"
    ".cfi_adjust_cfa_offset 8\n"
    "push %r15\n"
    ".cfi_adjust_cfa_offset 8\n"
    "mov %rsp, (%rdi)\n"
    "mov %rsi, %rsp\n"
    "pop %r15\n"
    ".cfi_adjust_cfa_offset -8\n"
    "pop %r14\n"
    ".cfi_adjust_cfa_offset -8\n"
    "pop %r13\n"
    ".cfi_adjust_cfa_offset -8\n"
    "pop %r12\n"
    ".cfi_adjust_cfa_offset -8\n"
    "pop %rbx\n"
    ".cfi_adjust_cfa_offset -8\n"
    "pop %rbp\n"
    ".cfi_adjust_cfa_offset -8\n"
    ".cfi_restore %rbp\n"
    "ret\n"
    ".cfi_endproc\n"
    ".size switch_to, .-switch_to\n");

static void *outside, *inside;

NOINLINE void in_coroutine(void)
{
	for (;;) {
		the_call();
		switch_to(&inside, outside);
	}
}

NOINLINE static void resume(void)
{
	static void *stack[8192] __attribute__((aligned(16)));

	if (!inside) {
		/* Six callee-saved registers, the address to start at, and no return address. */
		stack[8190] = in_coroutine;
		inside = &stack[8184];
	}
	switch_to(&outside, inside);
	sink++;
}

NOINLINE static void once(const char *step)
{
	int two[2] = { 1, 2 };
	pthread_t thread;

	if (!strcmp(step, "signal") || !strcmp(step, "altstack")) {
		catch_it(strcmp(step, "signal") ? SA_ONSTACK : 0);
		raise_it();
	} else if (!strcmp(step, "alloca")) {
		with_alloca(1000 + sink % 2);
	} else if (!strcmp(step, "aligned")) {
		with_aligned(1000 + sink % 2);
	} else if (!strcmp(step, "big")) {
		with_big();
	} else if (!strcmp(step, "sort")) {
		qsort(two, 2, sizeof(*two), compare);
	} else if (!strcmp(step, "thread")) {
		pthread_create(&thread, NULL, in_thread, NULL);
		pthread_join(thread, NULL);
	} else if (!strcmp(step, "assembly")) {
		by_hand(the_call);
	} else if (!strcmp(step, "switch")) {
		resume();
	}
	sink++;
}

static inline __attribute__((always_inline)) void do_step(char *step)
{
	char *equals = strchr(step, '=');
	long count = atol(equals + 1);

	*equals = 0;
	if (!strcmp(step, "chain") || !strcmp(step, "nap") || !strcmp(step, "leak")) {
		leaked = 1000 + count;
		at_end = *step == 'c' ? the_call : *step == 'n' ? the_nap : the_leak;
		sink += link_of_chain(count);
		return;
	}
	for (long n = 0; n < count; n++)
		once(step);
}

int main(int argc, char **argv)
{
	char line[32];

	printf("pid %d\n", getpid());
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	if (strchr(line, '=')) {
		do_step(line);
		execl("/proc/self/exe", argv[0], NULL);
		return 1;
	}
	for (int i = 1; i < argc; i++)
		do_step(argv[i]);
	return 0;
}
