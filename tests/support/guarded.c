/*
 * Functions for tests of the uprobe guard: prints "pid PID", waits for a line, calls plain_3 three
 * times and fine_2 twice, and ends. Functions that begin with an instruction that the kernel
 * decodes as another one are never called: with a uprobe they would misbehave.
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
/* Its first instruction contains the bytes of a jump, but the kernel decodes it right. */
FUNCTION(fine_2, "lea 0x7474(%rdi), %eax");
FUNCTION(vex_jump, "vpcmpeqb (%rsi), %xmm1, %xmm0");
FUNCTION(vex_vzeroupper, "vzeroupper");
FUNCTION(evex_jump, "vpcmpeqb (%rsi), %zmm1, %k0");
FUNCTION(vex_or, "vpor (%rsi), %xmm1, %xmm0");
FUNCTION(vex_compare, "vcmpps $4, (%rsi), %xmm1, %xmm0");
FUNCTION(rex_exchange, "xchg %rax, %r8");
/* The second instruction is misdecoded, the first one is not: a probe at the entry is safe. */
FUNCTION(vex_second, "nopl 0(%rax)\n vpor (%rsi), %xmm1, %xmm0");
FUNCTION(vex_right, "vandps (%rsi), %xmm1, %xmm0");

/* Notes of USDT probes, written by hand: one of them is at an instruction that is not a nop. */
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
