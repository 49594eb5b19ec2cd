// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Reads a line, calls malloc() as often as its argument says, and frees nothing until its standard input ends.
 */
#include <stdio.h>
#include <stdlib.h>

static void *keep(size_t size)
{
	return malloc(size);
}

int main(int argc, char **argv)
{
	char line[64];
	long count = argc > 1 ? atol(argv[1]) : 1;
	void *volatile kept;

	puts("begun");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		for (long i = 0; i < count; i++)
			kept = keep(16 + i % 7);
		puts("done");
		fflush(stdout);
	}
	return kept == NULL;
}
