// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * One of the processes whose stacks are reported: stacks_load NUMBER LIBRARY OTHER-LIBRARY
 *
 * Runs 250 chains of 20 calls, each through different functions, over and over; NUMBER makes the chains differ
 * from those of other processes. The functions are the library's (many_functions.s). In process 0 every second
 * function is one of 300,000 that are generated at run time, with a perf map. The other library is only mapped.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#define CHAINS 250
#define CALLS 20
#define LIBRARY_FUNCTIONS 150000
#define JIT_FUNCTIONS 300000
#define JIT_SIZE 32

/* Machine code of one function, the same as in many_functions.s. */
static const unsigned char code[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0x8d, 0x7f,
				      0x08, 0xff, 0x57, 0xf8, 0x5d, 0xc3 };
static char memory[65536];

/* The end of each chain: nearly all samples hit its one slow instruction, so that a chain gives one stack. */
__attribute__((noinline)) void end_of_chain(void **next)
{
	void *from = memory;
	long count = sizeof(memory);

	(void)next;
	__asm__ volatile("rep lodsb" : "+S"(from), "+c"(count) : : "rax", "memory");
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static char *compile(void)
{
	size_t size = (size_t)JIT_FUNCTIONS * JIT_SIZE;
	char path[64], *start = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FILE *map;

	if (start == MAP_FAILED)
		fail("mmap");
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	map = fopen(path, "w");
	if (!map)
		fail(path);
	for (long i = 0; i < JIT_FUNCTIONS; i++) {
		memcpy(start + i * JIT_SIZE, code, sizeof(code));
		fprintf(map, "%lx %x JS:*method%ld /srv/application/module%ld.js:%ld:12\n",
			(long)start + i * JIT_SIZE, JIT_SIZE, i, i / 1000, i % 1000);
	}
	if (fclose(map))
		fail(path);
	return start;
}

static unsigned long next_random(unsigned long *state)
{
	*state = *state * 6364136223846793005UL + 1442695040888963407UL;
	return *state >> 33;
}

int main(int argc, char **argv)
{
	static void *chains[CHAINS][CALLS + 1];
	unsigned long state = argc > 3 ? atol(argv[1]) : 0;
	char *first, *second, *jit = NULL;
	void *library;

	if (argc != 4)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	library = dlopen(argv[2], RTLD_NOW);
	if (!library || !dlopen(argv[3], RTLD_LAZY)) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	first = dlsym(library, "_ZN4many5Class13method_100000Ev");
	second = dlsym(library, "_ZN4many5Class13method_100001Ev");
	if (state == 0)
		jit = compile();
	for (int i = 0; i < CHAINS; i++) {
		for (int k = 0; k < CALLS; k++) {
			unsigned long number = next_random(&state);

			chains[i][k] = jit && k % 2 ?
					       jit + number % JIT_FUNCTIONS * JIT_SIZE :
					       first + number % LIBRARY_FUNCTIONS * (second - first);
		}
		chains[i][CALLS] = end_of_chain;
	}
	if (write(1, "r", 1) != 1)
		fail("write");
	for (;;) {
		for (int i = 0; i < CHAINS; i++)
			((void (*)(void **))chains[i][0])(&chains[i][1]);
	}
}
