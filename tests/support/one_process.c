/*
 * A process all of whose system calls are known: it prints its pid, waits for a line, makes the calls
 * that its argument names, writes "done" and makes no more calls until it is killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *volatile kept;

static void getppids(void)
{
	for (int i = 0; i < 1009; i++)
		syscall(SYS_getppid);
}

static void opens(void)
{
	for (int i = 0; i < 101; i++)
		close(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0));
	for (int i = 0; i < 53; i++)
		syscall(SYS_openat, AT_FDCWD, "/dev/null/nothing", O_RDONLY, 0); /* ENOTDIR */
	for (int i = 0; i < 211; i++)
		syscall(SYS_openat, AT_FDCWD, "/nothing", O_RDONLY, 0); /* ENOENT */
}

static void mallocs(void)
{
	for (int i = 0; i < 211; i++)
		free(kept = malloc(4099));
	for (int i = 0; i < 13; i++)
		free(kept = malloc(70001));
}

static void unlinks(void)
{
	char path[] = "/tmp/ts-bcc-XXXXXX";

	for (int i = 0; i < 13; i++) {
		strcpy(path + sizeof(path) - 7, "XXXXXX");
		close(mkstemp(path));
		unlink(path);
		unlink(path); /* fails: nothing is deleted */
	}
}

static void writes(void)
{
	int null = open("/dev/null", O_WRONLY);

	for (int i = 0; i < 1009; i++)
		syscall(SYS_write, null, "12345", 5);
	for (int i = 0; i < 53; i++)
		syscall(SYS_write, null, "", 0);
	syscall(SYS_write, -1, "12345", 5); /* EBADF */
}

int main(int argc, char **argv)
{
	char go;

	printf("pid %d\n", getpid());
	fflush(stdout);
	if (argc != 2 || read(0, &go, 1) != 1)
		return 1;
	if (!strcmp(argv[1], "getppid"))
		getppids();
	else if (!strcmp(argv[1], "open"))
		opens();
	else if (!strcmp(argv[1], "malloc"))
		mallocs();
	else if (!strcmp(argv[1], "unlink"))
		unlinks();
	else if (!strcmp(argv[1], "write"))
		writes();
	else
		return 1;
	syscall(SYS_write, 1, "done\n", 5);
	for (;;)
		; /* a wait would be a system call */
}
