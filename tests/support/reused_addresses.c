/*
 * Code at addresses where other code was before, for tests of symbol resolution.
 *
 * The program prints "pid PID", waits for a line on stdin, and then does what its arguments say, in order:
 *
 *   COUNT              main > WORK > COUNT million turns of a loop
 *   LIBRARY:COUNT      opens the library, calls its work(), and closes it; prints its address
 *   *COUNT:TURNS       maps the file with WORK COUNT times, and calls WORK for TURNS million turns in the
 *                      last mapping; prints its address
 *   stop               prints "stopping" and stops itself, until SIGCONT
 *   =PROGRAM           executes PROGRAM with the remaining arguments; PROGRAM does not wait for a line
 *
 * -DWORK=NAME gives the function's name; -DLIBRARY -shared builds the library. All programs have the same
 * name, and, built without -pie, the same addresses.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MILLION 1000000ul
#define NO_TAIL_CALL __asm__ volatile("")

__attribute__((noinline)) void WORK(unsigned long count)
{
	for (; count > 0; count--)
		__asm__ volatile("");
}

#ifdef LIBRARY
void work(unsigned long count)
{
	WORK(count);
	NO_TAIL_CALL;
}
#else
static void in_library(char *path, unsigned long count)
{
	void *library = dlopen(path, RTLD_NOW);
	void (*work)(unsigned long) = library ? dlsym(library, "work") : NULL;

	if (!work)
		abort();
	printf("%p\n", (void *)work);
	work(count);
	dlclose(library);
}

static void in_many(unsigned long mappings, unsigned long count)
{
	extern char __executable_start;
	size_t size = 2 * sysconf(_SC_PAGESIZE);
	size_t at = (char *)WORK - &__executable_start, page = at & -sysconf(_SC_PAGESIZE);
	int file = open("/proc/self/exe", O_RDONLY);
	char *mapped = NULL;

	/* The same file offset each time: so the kernel does not merge adjacent mappings. */
	while (mappings-- > 0) {
		mapped = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, page);
		if (mapped == MAP_FAILED)
			abort();
	}
	printf("%p\n", (void *)(mapped + at - page));
	((void (*)(unsigned long))(mapped + at - page))(count);
}

int main(int argc, char **argv)
{
	char c;

	prctl(PR_SET_NAME, "reused_address");
	if (strcmp(argv[0], "-")) {
		printf("pid %d\n", getpid());
		fflush(stdout);
		while (read(0, &c, 1) == 1 && c != '\n')
			;
	}
	for (int i = 1; i < argc; i++) {
		char *colon = strchr(argv[i], ':');

		if (argv[i][0] == '=') {
			char *program = argv[i] + 1;

			argv[i] = "-";
			execv(program, argv + i);
			abort();
		}
		if (!strcmp(argv[i], "stop")) {
			printf("stopping\n");
			fflush(stdout);
			raise(SIGSTOP);
		} else if (argv[i][0] == '*') {
			in_many(strtoul(argv[i] + 1, NULL, 10), strtoul(colon + 1, NULL, 10) * MILLION);
		} else if (colon) {
			*colon = 0;
			in_library(argv[i], strtoul(colon + 1, NULL, 10) * MILLION);
		} else
			WORK(strtoul(argv[i], NULL, 10) * MILLION);
	}
	return 0;
}
#endif
