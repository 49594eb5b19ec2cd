/*
 * A process whose first thread ends before the process does.
 *
 *   threads exec PROGRAM [ARGUMENT…]   the second thread executes PROGRAM
 *   threads exit CODE                  the first thread ends; then the second calls exit_group(2)
 *   threads leave                      the first thread ends; then the second thread ends only itself
 *
 * It prints "pid PID" and waits for a line on stdin before each of these steps; before the last one it
 * prints "alone".
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_t first;

static void await_line(void)
{
	char c;

	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static void *second(void *value)
{
	char **argv = value;

	prctl(PR_SET_NAME, "second");
	if (!strcmp(argv[1], "exec")) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	pthread_join(first, NULL);
	puts("alone");
	fflush(stdout);
	await_line();
	if (!strcmp(argv[1], "exit"))
		_exit(atoi(argv[2]));
	syscall(SYS_exit, 0);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	prctl(PR_SET_NAME, "first");
	printf("pid %d\n", getpid());
	fflush(stdout);
	await_line();
	first = pthread_self();
	if (argc < 2 || pthread_create(&thread, NULL, second, argv))
		return 1;
	if (!strcmp(argv[1], "exec"))
		pthread_join(thread, NULL);
	pthread_exit(NULL);
}
