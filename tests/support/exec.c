/*
 * Calls execve(2) in uncommon ways, for tests of tools that trace it.
 *
 * It prints "pid PID", waits for a line on stdin, and then becomes another program:
 *
 *   cold FILE OFFSET…      the path and the arguments after argument 0 lie at these offsets of FILE,
 *                          in pages that are mapped but not yet faulted in
 *   thread PATH ARGUMENT…  from a thread that is not the process's first
 *   descriptor PATH ARGUMENT…
 *                          by a file descriptor and an empty path (AT_EMPTY_PATH)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static void await_line(void)
{
	char c;

	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static void cold(char **words)
{
	int fd = open(words[0], O_RDONLY);
	char *text = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE, fd, 0);
	char *arguments[16] = { "cold" };

	for (int i = 2; words[i] && i < 16; i++)
		arguments[i - 1] = text + atol(words[i]);
	execve(text + atol(words[1]), arguments, environ);
}

static void *in_thread(void *words)
{
	execve(((char **)words)[0], words, environ);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	printf("pid %d\n", getpid());
	fflush(stdout);
	await_line();
	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "cold"))
		cold(argv + 2);
	else if (!strcmp(argv[1], "descriptor"))
		syscall(SYS_execveat, open(argv[2], O_RDONLY), "", argv + 2, environ, AT_EMPTY_PATH);
	else if (!pthread_create(&thread, NULL, in_thread, argv + 2))
		pthread_join(thread, NULL);
	perror(argv[1]);
	return 1;
}
