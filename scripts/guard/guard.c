// What runs in an executable of Bun's before Bun: code that stands alone, put in front of the
// program's entry by apply.ts.
//
// Bun takes options and code to run from environment variables before any JavaScript of ours could
// forbid it, and it aborts where /proc is not mounted. So here, on the process's first stack:
//
//  - variables that begin with BUN_ are renamed to bUN_, which Bun does not look for; commands that a
//    tool starts get their names back (toolkit/run/environment.ts);
//  - in a process with more rights than who started it (AT_SECURE: file capabilities, setuid) all
//    variables are taken away that are not known to be harmless;
//  - two variables are set that leave it longer to Bun's interpreter until it compiles what runs often: a start is
//    over by then, and takes a quarter less CPU time;
//  - without /proc a sentence, or the help if that is what was asked for, is the answer.
//
// Only x86-64; scripts/guard.sh compiles it and keeps the bytes in code.ts.

typedef unsigned long word;

enum { SYS_write = 1, SYS_access = 21, SYS_exit_group = 231 };
enum { AT_SECURE = 23 };

// What apply.ts fills in; places count from the beginning of this struct.
struct parameters {
  long entry; // of the program
  long environ; // the program's own
  unsigned help, help_size;
  unsigned sentence, sentence_size;
};

// Strings are here and not in C: nothing may need relocation.
__asm__(".text\n"
        "parameters: .skip 40\n"
        // The entry: the stack pointer and rdx are all that a program is given.
        // guard() works further down, as what is there grows downwards.
        "  mov %rsp, %rdi\n"
        "  lea parameters(%rip), %rsi\n"
        "  sub $120, %rsp\n"
        "  push %rdx\n"
        "  call guard\n"
        "  pop %rdx\n"
        "  mov %rax, %rsp\n"
        "  lea parameters(%rip), %rax\n"
        "  add (%rax), %rax\n"
        "  jmp *%rax\n"
        "proc: .asciz \"/proc/self/maps\"\n"
        "bun: .asciz \"BUN_\"\n"
        "taken: .asciz \"TSBCC_SECURE=1\"\n"
        "harmless: .ascii \"PATH=\\0TERM=\\0COLUMNS=\\0LANG=\\0LC_ALL=\\0NO_COLOR=\\0TSBCC_READY=\\0\\0\"\n"
        "optimize: .asciz \"BUN_JSC_thresholdForOptimizeAfterWarmUp=50000\"\n"
        "compile: .asciz \"BUN_JSC_thresholdForJITAfterWarmUp=2000\"\n"
        "short_help: .asciz \"-h\"\n"
        "long_help: .asciz \"--help\"\n"
        ".balign 16\n");

#define HIDDEN extern __attribute__((visibility("hidden")))
HIDDEN const char proc[], bun[], taken[], harmless[], optimize[], compile[], short_help[], long_help[];

static inline long call(long number, long first, long second, long third) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(first), "S"(second), "d"(third)
                   : "rcx", "r11", "memory");
  return result;
}

static inline int begins(const char *text, const char *with) {
  while (*with)
    if (*text++ != *with++) return 0;
  return 1;
}

static inline int is_same(const char *text, const char *other) {
  for (; *text == *other; text++, other++)
    if (!*text) return 1;
  return 0;
}

static inline int is_harmless(const char *variable) {
  for (const char *name = harmless; *name; name++) {
    if (begins(variable, name)) return 1;
    while (*name) name++;
  }
  return 0;
}

static inline void without_proc(char **arguments, const struct parameters *parameters) {
  const char *base = (const char *)parameters;
  for (char **each = arguments; *each; each++) {
    if (!is_same(*each, short_help) && !is_same(*each, long_help)) continue;
    call(SYS_write, 1, (long)base + parameters->help, parameters->help_size);
    call(SYS_exit_group, 0, 0, 0);
  }
  call(SYS_write, 2, (long)base + parameters->sentence, parameters->sentence_size);
  call(SYS_exit_group, 1, 0, 0);
}

// Returns where the stack begins from now on.
__attribute__((used)) static word *guard(word *stack, const struct parameters *parameters) {
  char **arguments = (char **)(stack + 1);
  char **variables = arguments + stack[0] + 1;
  word *auxiliary = (word *)variables;
  while (*auxiliary) auxiliary++;
  // The dynamic linker has moved variables together when it took some away: more than one NULL.
  while (!*auxiliary) auxiliary++;
  word secure = 0;
  for (; *auxiliary; auxiliary += 2)
    if (*auxiliary == AT_SECURE) secure = auxiliary[1];
  for (char **each = variables; *each; each++) {
    if (secure && !is_harmless(*each)) *each = (char *)taken;
    else if (begins(*each, bun)) **each = 'b';
  }
  if (call(SYS_access, (long)proc, 0, 0) != 0) without_proc(arguments, parameters);

  // Two words, as a stack begins at a multiple of 16. The C library has noted where the variables are.
  word *last = (word *)variables;
  while (*last) last++;
  for (word *each = stack; each < last; each++) each[-2] = *each;
  last[-2] = (word)optimize;
  last[-1] = (word)compile;
  *(word **)((const char *)parameters + parameters->environ) = (word *)variables - 2;
  return stack - 2;
}
