/*
 * USDT probes with hand-written notes: the tests need each form of an argument, whatever the
 * compiler would choose.
 */
__asm__(".pushsection .stapsdt.base,\"a\",@progbits\n"
	"usdt_base: .space 1\n"
	".popsection\n");

/* `arguments` is the note's argument text, a template for the operands that follow. */
#define PROBE(provider, name, semaphore, arguments, ...)                                        \
	__asm__ volatile("90: nop\n"                                                            \
			 ".pushsection .note.stapsdt,\"\",@note\n"                              \
			 ".balign 4\n"                                                          \
			 ".4byte 92f - 91f, 94f - 93f, 3\n"                                     \
			 "91: .asciz \"stapsdt\"\n"                                             \
			 "92: .balign 4\n"                                                      \
			 "93: .8byte 90b, usdt_base, " semaphore "\n"                           \
			 ".asciz \"" provider "\", \"" name "\", \"" arguments "\"\n"           \
			 "94: .balign 4\n"                                                      \
			 ".popsection\n" ::__VA_ARGS__)
