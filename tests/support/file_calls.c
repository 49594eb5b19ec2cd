/*
 * Makes known system calls about files and shared memory, for tests that count them.
 *
 * It prints "pid PID", waits for a line on stdin, and then does what its arguments say, in order, by
 * syscall(2): libc is free to implement a function by another system call.
 *
 *   stat= lstat= fstatat= statx= statfs=PATH:COUNT
 *   fstat=PATH:COUNT       newfstatat with an empty path, on a descriptor of PATH
 *   sync=COUNT  msync=COUNT
 *   fsync= fdatasync= syncfs= sync_file_range=PATH:COUNT
 *   shm=COUNT              shmget a new page, shmat, shmdt, shmctl(IPC_RMID)
 *   noshm=COUNT            shmget with a key that does not exist
 *   make=PREFIX:COUNT      open PREFIX0, PREFIX1 … for writing, created, and close
 *   mknod= mkdir= unlink= unlinkat= rmdir=PREFIX:COUNT
 *   rename= renameat2=PREFIX:COUNT  PREFIX0 to PREFIX0.new …
 *   link=PATH:COUNT        give PATH the names PATH.link0 …
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYS_stat
#define CALL(name, ...) syscall(SYS_##name, __VA_ARGS__)
#else /* arm64 has only the forms with a directory's descriptor, and libc makes those */
#define CALL(name, ...) name(__VA_ARGS__)
#endif

static void fail(const char *what)
{
	fprintf(stderr, "file_calls: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void check(const char *what, long result)
{
	if (result < 0)
		fail(what);
}

static void await_line(void)
{
	char c;

	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static void share(void)
{
	long id = syscall(SYS_shmget, IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	long address = syscall(SYS_shmat, id, 0, SHM_RDONLY);

	check("shmget", id);
	check("shmdt", syscall(SYS_shmdt, address));
	check("shmctl", syscall(SYS_shmctl, id, IPC_RMID, 0));
}

static void once(const char *name, const char *path)
{
	static char buffer[4096] __attribute__((aligned(4096)));
	char other[8192];

	if (!strcmp(name, "stat"))
		CALL(stat, path, (void *)buffer);
	else if (!strcmp(name, "lstat"))
		CALL(lstat, path, (void *)buffer);
	else if (!strcmp(name, "fstatat"))
		syscall(SYS_newfstatat, AT_FDCWD, path, buffer, 0);
	else if (!strcmp(name, "statx"))
		syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, buffer);
	else if (!strcmp(name, "statfs"))
		syscall(SYS_statfs, path, buffer);
	else if (!strcmp(name, "sync"))
		syscall(SYS_sync);
	else if (!strcmp(name, "msync"))
		check(name, syscall(SYS_msync, buffer, sizeof(buffer), MS_ASYNC));
	else if (!strcmp(name, "shm"))
		share();
	else if (!strcmp(name, "noshm"))
		syscall(SYS_shmget, 0x7357, 4096, 0);
	else if (!strcmp(name, "make"))
		check(path, close(open(path, O_WRONLY | O_CREAT, 0600)));
	else if (!strcmp(name, "mknod"))
		check(path, CALL(mknod, path, S_IFREG | 0600, 0));
	else if (!strcmp(name, "mkdir"))
		check(path, CALL(mkdir, path, 0700));
	else if (!strcmp(name, "unlink"))
		CALL(unlink, path);
	else if (!strcmp(name, "unlinkat"))
		syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	else if (!strcmp(name, "rmdir"))
		CALL(rmdir, path);
	else if (!strcmp(name, "rename") || !strcmp(name, "renameat2")) {
		snprintf(other, sizeof(other), "%s.new", path);
		if (!strcmp(name, "rename"))
			CALL(rename, path, other);
		else
			syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other, 0);
	} else
		fail(name);
}

static void on_file(const char *name, int fd)
{
	static char buffer[4096];

	if (!strcmp(name, "fsync"))
		check(name, syscall(SYS_fsync, fd));
	else if (!strcmp(name, "fdatasync"))
		check(name, syscall(SYS_fdatasync, fd));
	else if (!strcmp(name, "syncfs"))
		check(name, syscall(SYS_syncfs, fd));
	else if (!strcmp(name, "sync_file_range"))
		check(name, syscall(SYS_sync_file_range, fd, 0, 0, 0));
	else
		check(name, syscall(SYS_newfstatat, fd, "", buffer, AT_EMPTY_PATH));
}

static int is_in(const char *name, const char *names)
{
	const char *found = strstr(names, name);
	size_t length = strlen(name);

	return found && (found == names || found[-1] == ' ') && (!found[length] || found[length] == ' ');
}

static void run(const char *name, char *value)
{
	char *colon = strrchr(value, ':');
	int count = atoi(colon ? colon + 1 : value);
	char path[4096];

	if (colon)
		*colon = 0;
	if (is_in(name, "fsync fdatasync syncfs sync_file_range fstat")) {
		int fd = open(value, O_RDONLY);

		check(value, fd);
		for (int i = 0; i < count; i++)
			on_file(name, fd);
		close(fd);
		return;
	}
	for (int i = 0; i < count; i++) {
		if (!strcmp(name, "link")) {
			snprintf(path, sizeof(path), "%s.link%d", value, i);
			check(path, link(value, path));
			continue;
		}
		snprintf(path, sizeof(path), "%s%d", value, i);
		once(name, is_in(name, "stat lstat fstatat statx statfs") ? value : path);
	}
}

int main(int argc, char **argv)
{
	prctl(PR_SET_NAME, "file_calls");
	printf("pid %d\n", getpid());
	fflush(stdout);
	await_line();
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			fail(argv[i]);
		*value++ = 0;
		run(argv[i], value);
	}
	return 0;
}
