/*
 * Calls malloc() as its arguments BYTES=TIMES say: prints "pid PID" and waits for a line on stdin
 * first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	void *volatile block;

	printf("pid %d\n", getpid());
	fflush(stdout);
	getchar();
	for (int i = 1; i < argc; i++) {
		char *times;
		size_t bytes = strtoul(argv[i], &times, 10);

		for (int n = atoi(times + 1); n > 0; n--) {
			block = malloc(bytes);
			free(block);
		}
	}
	return 0;
}
