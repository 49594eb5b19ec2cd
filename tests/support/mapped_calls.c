/*
 * Maps many libraries, and calls getppid(2) at the ends of a few known chains of calls in each: for tests that damage how
 * the libraries say that their stacks are unwound.
 *
 * Compiled with -DLIBRARY -shared it is the library, else the program, to which the libraries are the arguments. It prints
 * its pid once it has mapped them, and waits for a line. Nothing is thrown here, so the program itself reads no such table.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone, noipa))

#ifdef LIBRARY

static volatile long sink;

NOINLINE void the_call(void)
{
	sink += getppid();
	sink++; /* no tail call */
}

NOINLINE long link_of_chain(long left)
{
	volatile long place[3] = { left };

	if (left > 1)
		place[1] = link_of_chain(left - 1);
	else
		the_call();
	return place[0] + place[1];
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

void enter_library(void)
{
	sink += link_of_chain(5);
	with_alloca(1000 + sink % 2);
	with_aligned(1000 + sink % 2);
	sink++;
}

#else

static void (*enter[256])(void);

int main(int argc, char **argv)
{
	if (argc > 256)
		return 1;
	for (int i = 1; i < argc; i++) {
		void *library = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);

		if (!library) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		*(void **)&enter[i] = dlsym(library, "enter_library");
	}
	printf("pid %d\n", getpid());
	fflush(stdout);
	getchar();
	for (int i = 1; i < argc; i++)
		enter[i]();
	return 0;
}

#endif
