/*
 * Makes known system calls, for tests that count them.
 *
 * It prints "pid PID", waits for a line on stdin, and then does what its arguments say, in order:
 *
 *   comm=NAME              set the thread's name to NAME
 *   uid=UID                become user UID
 *   cd=PATH                change directory
 *   chroot=PATH            change the root to PATH, and the current directory to the new root
 *   create=PREFIX:COUNT    openat PREFIX0, PREFIX1 … for writing, created with mode 0640, and close
 *   missing=PREFIX:COUNT   openat PREFIX0 … for reading, which do not exist
 *   open=PATH              open(2) for reading and writing
 *   creat=PATH             creat(2) with mode 0604
 *   handle=PATH            open_by_handle_at for reading, by a file handle of PATH and a descriptor
 *                          of its directory, which is opened first
 *   stale=PATH             the same after PATH was created and removed
 *   openat2=PATH           openat2(2), append only
 *   at=DIRECTORY:NAME      openat relative to a descriptor of DIRECTORY, for reading
 *   cold=FILE              openat with a path in FILE's first page, which is mapped but not yet
 *                          faulted in
 *   null                   openat with a NULL path
 *   thread=PREFIX:COUNT    print "tid TID" of a new thread that waits for another line and then
 *                          does missing=PREFIX:COUNT
 *   burst=PATH:COUNT       openat and close PATH COUNT times
 *
 * It uses syscall(2): libc is free to implement open() by another system call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct open_how_arg {
	unsigned long long flags, mode, resolve;
};

static void fail(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void await_line(void)
{
	char c;

	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static __attribute__((noinline)) int openat_(int directory, const char *path, int flags, int mode)
{
	return syscall(SYS_openat, directory, path, flags, mode);
}

static void each(char *value, int flags, int mode, int must)
{
	char *colon = strrchr(value, ':');
	int count = atoi(colon + 1);
	char path[8192];

	*colon = 0;
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s%d", value, i);
		int fd = openat_(AT_FDCWD, path, flags, mode);
		if ((fd >= 0) != must)
			fail(path);
		if (fd >= 0)
			close(fd);
	}
}

static void *in_thread(void *value)
{
	printf("tid %ld\n", (long)syscall(SYS_gettid));
	fflush(stdout);
	await_line();
	each(value, O_RDONLY, 0, 0);
	return NULL;
}

static void open_handle(char *path, int is_stale)
{
	char *slash = strrchr(path, '/');
	char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	struct file_handle *handle = (void *)room;
	int mount_id;

	handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, path, handle, &mount_id, 0))
		fail("name_to_handle_at");
	*slash = 0;
	int directory = openat_(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	*slash = '/';
	if (is_stale && unlink(path))
		fail(path);
	int fd = syscall(SYS_open_by_handle_at, directory, handle, O_RDONLY);
	if ((fd < 0) != is_stale)
		fail("open_by_handle_at");
	close(fd);
	close(directory);
}

static void run(char *name, char *value)
{
	if (!strcmp(name, "comm")) {
		prctl(PR_SET_NAME, value);
	} else if (!strcmp(name, "uid")) {
		if (syscall(SYS_setresuid, atoi(value), atoi(value), atoi(value)))
			fail("setresuid");
	} else if (!strcmp(name, "cd")) {
		if (chdir(value))
			fail(value);
	} else if (!strcmp(name, "chroot")) {
		if (chroot(value) || chdir("/"))
			fail(value);
	} else if (!strcmp(name, "create")) {
		each(value, O_WRONLY | O_CREAT | O_TRUNC, 0640, 1);
	} else if (!strcmp(name, "missing")) {
		each(value, O_RDONLY, 0, 0);
	} else if (!strcmp(name, "open")) {
#ifdef SYS_open
		close(syscall(SYS_open, value, O_RDWR, 0));
#else
		fail("this architecture has no open(2)");
#endif
	} else if (!strcmp(name, "creat")) {
#ifdef SYS_creat
		close(syscall(SYS_creat, value, 0604));
#else
		fail("this architecture has no creat(2)");
#endif
	} else if (!strcmp(name, "handle") || !strcmp(name, "stale")) {
		open_handle(value, name[0] == 's');
	} else if (!strcmp(name, "openat2")) {
		struct open_how_arg how = { .flags = O_WRONLY | O_APPEND };
		close(syscall(SYS_openat2, AT_FDCWD, value, &how, sizeof(how)));
	} else if (!strcmp(name, "at")) {
		char *colon = strrchr(value, ':');
		*colon = 0;
		int directory = openat_(AT_FDCWD, value, O_PATH | O_DIRECTORY, 0);
		if (directory < 0)
			fail(value);
		close(openat_(directory, colon + 1, O_RDONLY, 0));
		close(directory);
	} else if (!strcmp(name, "cold")) {
		int fd = openat_(AT_FDCWD, value, O_RDONLY, 0);
		char *path = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
		if (path == MAP_FAILED)
			fail(value);
		close(fd);
		close(openat_(AT_FDCWD, path, O_RDONLY, 0));
	} else if (!strcmp(name, "null")) {
		openat_(AT_FDCWD, NULL, O_RDONLY, 0);
	} else if (!strcmp(name, "thread")) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, in_thread, value) || pthread_join(thread, NULL))
			fail("thread");
	} else if (!strcmp(name, "burst")) {
		char *colon = strrchr(value, ':');
		int count = atoi(colon + 1);
		*colon = 0;
		for (int i = 0; i < count; i++)
			close(openat_(AT_FDCWD, value, O_RDONLY, 0));
	} else {
		fprintf(stderr, "workload: unknown step %s\n", name);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	prctl(PR_SET_NAME, "workload");
	printf("pid %d\n", getpid());
	fflush(stdout);
	await_line();
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		if (value)
			*value++ = 0;
		run(argv[i], value ? value : "");
	}
	return 0;
}
