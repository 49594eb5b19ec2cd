/*
 * Functions whose addresses are easily attributed to other functions, for tests of symbol resolution.
 *
 * It prints "pid PID", waits for a line on stdin, and then does what its argument says:
 *
 *   noreturn=COUNT     main > outer > last_call, whose last instruction calls spin_exit: the return
 *                      address is the first byte of `innocent`
 *   nested=COUNT       main > big: COUNT million turns before a function that lies inside it, then
 *                      three times as many after it
 *   signal=COUNT       main > raise_here > COUNT million turns in a signal handler, which returns to
 *                      own_restorer; another function ends right before own_restorer
 *   moved=COUNT        main > in_moved > COUNT million turns in turn(), whose code was moved to memory
 *                      without a file before the wait for a line, as programs do to use huge pages
 *   moves=COUNT        the same, moved after the wait
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define NO_TAIL_CALL __asm__ volatile("")
#define MILLION 1000000ul
#define FUNCTION(name) ".globl " #name "\n.type " #name ",@function\n" #name ":\n"
#define END(name) ".size " #name ", .-" #name "\n"

__asm__(".text\n"
#ifdef __x86_64__
	FUNCTION(last_call)
	"	push %rbp\n	mov %rsp, %rbp\n	call spin_exit\n"
	END(last_call)
	FUNCTION(innocent)
	"	push %rbp\n	mov %rsp, %rbp\n	pop %rbp\n	ret\n"
	END(innocent)
	FUNCTION(big)
	"	push %rbp\n	mov %rsp, %rbp\n	mov %rdi, %rcx\n"
	"1:	dec %rcx\n	jnz 1b\n	jmp 3f\n"
	FUNCTION(small)
	"	nop\n	nop\n	ret\n"
	END(small)
	"label_in_big:\n"
	"3:	lea (%rdi, %rdi, 2), %rcx\n"
	"2:	dec %rcx\n	jnz 2b\n	pop %rbp\n	ret\n"
	END(big)
	FUNCTION(before_restorer)
	"	ret\n	nop\n"
	END(before_restorer)
	FUNCTION(own_restorer)
	"	mov $15, %rax\n	syscall\n"
	END(own_restorer)
#else
	FUNCTION(last_call)
	"	stp x29, x30, [sp, #-16]!\n	mov x29, sp\n	bl spin_exit\n"
	END(last_call)
	FUNCTION(innocent)
	"	stp x29, x30, [sp, #-16]!\n	mov x29, sp\n	ldp x29, x30, [sp], #16\n	ret\n"
	END(innocent)
	FUNCTION(big)
	"	stp x29, x30, [sp, #-16]!\n	mov x29, sp\n	mov x1, x0\n"
	"1:	subs x1, x1, #1\n	b.ne 1b\n	b 3f\n"
	FUNCTION(small)
	"	nop\n	nop\n	ret\n"
	END(small)
	"3:	add x1, x0, x0, lsl #1\n"
	"2:	subs x1, x1, #1\n	b.ne 2b\n	ldp x29, x30, [sp], #16\n	ret\n"
	END(big)
#endif
);

void last_call(unsigned long count);
void big(unsigned long count);

/* Called from the assembly below. */
__attribute__((noreturn, used)) void spin_exit(unsigned long count)
{
	for (; count > 0; count--)
		__asm__ volatile("");
	_exit(0);
}

NOINLINE static void outer(unsigned long count)
{
	last_call(count);
	NO_TAIL_CALL;
}

#ifdef __x86_64__
static unsigned long turns;

NOINLINE static void on_signal(int number)
{
	for (unsigned long left = turns + number - number; left > 0; left--)
		__asm__ volatile("");
}

void own_restorer(void);

NOINLINE static void raise_here(unsigned long count)
{
	/* struct sigaction as the kernel has it */
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long mask;
	} action = { on_signal, 0x04000000 /* SA_RESTORER */, own_restorer, 0 };
	long result = SYS_kill;

	turns = count;
	syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, sizeof(action.mask));
	/* Not by libc, whose functions keep no frame pointer. */
	__asm__ volatile("syscall" : "+a"(result) : "D"(getpid()), "S"(SIGUSR1) : "rcx", "r11", "memory");
}
#endif

NOINLINE static void turn(unsigned long count)
{
	for (; count > 0; count--)
		__asm__ volatile("");
}

NOINLINE static void in_moved(unsigned long count)
{
	turn(count);
	NO_TAIL_CALL;
}

/* Moves by one mremap(): at no time is the code that runs here unmapped. */
static void move_text(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long own = (unsigned long)&turn, start, end;
	char line[4096], *copy;

	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && own >= start && own < end)
			break;
	fclose(maps);
	copy = mmap(NULL, end - start, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(copy, (char *)start, end - start);
	mprotect(copy, end - start, PROT_READ | PROT_EXEC);
	mremap(copy, end - start, end - start, MREMAP_MAYMOVE | MREMAP_FIXED, (char *)start);
}

int main(int argc, char **argv)
{
	char *value = argc > 1 ? strchr(argv[1], '=') : NULL;
	unsigned long count = value ? strtoul(value + 1, NULL, 10) * MILLION : 0;
	char c;

	prctl(PR_SET_NAME, "odd_code");
	if (!strncmp(argv[1], "moved", 5))
		move_text();
	printf("pid %d\n", getpid());
	fflush(stdout);
	while (read(0, &c, 1) == 1 && c != '\n')
		;
	if (!strncmp(argv[1], "noreturn", 8))
		outer(count);
	else if (!strncmp(argv[1], "nested", 6))
		big(count);
	else if (!strncmp(argv[1], "move", 4)) {
		if (argv[1][4] == 's')
			move_text();
		in_moved(count);
	}
#ifdef __x86_64__
	else if (!strncmp(argv[1], "signal", 6))
		raise_here(count);
#endif
	return 0;
}
