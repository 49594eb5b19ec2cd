/*
 * Functions for the guard of uprobes: prints "pid PID", waits for a line, calls plain_3 three times
 * and fine_2 twice, and ends. Nothing ever calls the functions that begin with an instruction that
 * the kernel would take for another one.
 */
#include <stdio.h>
#include <unistd.h>

int plain_3(int);
int fine_2(int);

#ifdef __x86_64__
#define FUNCTION(name, first)                                                                     \
	__asm__(".text\n"                                                                         \
		".globl " #name "\n"                                                              \
		".type " #name ", @function\n" #name ": " first "\n"                              \
		"lea 1(%rdi), %eax\n"                                                             \
		"ret\n"                                                                           \
		".size " #name ", . - " #name "\n")

FUNCTION(plain_3, "endbr64");
/* Begins with bytes that are a jump for who reads them alone, and is called. */
FUNCTION(fine_2, "lea 0x7474(%rdi), %eax");
FUNCTION(vex_jump, "vpcmpeqb (%rsi), %xmm1, %xmm0");
FUNCTION(vex_vzeroupper, "vzeroupper");
FUNCTION(evex_jump, "vpcmpeqb (%rsi), %zmm1, %k0");
FUNCTION(vex_or, "vpor (%rsi), %xmm1, %xmm0");
FUNCTION(vex_compare, "vcmpps $4, (%rsi), %xmm1, %xmm0");
FUNCTION(rex_exchange, "xchg %rax, %r8");
/* A probe behind the first instruction is another matter: that one is right. */
FUNCTION(vex_second, "nopl 0(%rax)\n vpor (%rsi), %xmm1, %xmm0");
FUNCTION(vex_right, "vandps (%rsi), %xmm1, %xmm0");

/* Notes of USDT probes, written by hand: one names a place that is no nop. */
__asm__(".pushsection .stapsdt.base,\"a\",@progbits\n"
	"usdt_base: .space 1\n"
	".popsection\n");
#define NOTE(place, name)                                                                         \
	__asm__(".pushsection .note.stapsdt,\"\",@note\n"                                         \
		".balign 4\n"                                                                     \
		".4byte 92f - 91f, 94f - 93f, 3\n"                                                \
		"91: .asciz \"stapsdt\"\n"                                                        \
		"92: .balign 4\n"                                                                 \
		"93: .8byte " place ", usdt_base, 0\n"                                            \
		".asciz \"guarded\", \"" name "\", \"\"\n"                                        \
		"94: .balign 4\n"                                                                 \
		".popsection\n")
NOTE("plain_3", "right");
NOTE("vex_jump", "wrong");
#else
int plain_3(int x) { return x + 1; }
int fine_2(int x) { return x + 1; }
#endif

int main(void)
{
	volatile int sum = 0;

	printf("pid %d\n", getpid());
	fflush(stdout);
	getchar();
	for (int i = 0; i < 3; i++)
		sum += plain_3(sum);
	for (int i = 0; i < 2; i++)
		sum += fine_2(sum);
	return 0;
}
