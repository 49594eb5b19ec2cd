/*
 * Makes known system calls of the mount family in a mount namespace of its own.
 *
 * It prints "pid PID", waits for a line on stdin, and then does what its arguments say, in order:
 *
 *   old=DIRECTORY:COUNT    mount(2) a tmpfs and umount2(2) it
 *   new=DIRECTORY:COUNT    the same by fsopen, fsconfig, fsmount and move_mount(2), with an open_tree,
 *                          a mount_setattr and an fspick before the umount2
 *   missing=DIRECTORY:COUNT  umount2 of what is not mounted
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct mount_attr of linux/mount.h, which conflicts with sys/mount.h in some versions of glibc. */
struct attributes {
	unsigned long long set, clear, propagation, namespace;
};

#define SET_STRING 1
#define CMD_CREATE 6
#define F_EMPTY_PATH 4
#define PICK_EMPTY_PATH 8
#define NODEV 4

static long check(const char *what, long result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "mount_calls: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void await_line(void)
{
	char c;

	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static void new_api(const char *path)
{
	struct attributes attributes = { .set = NODEV };
	long fs = check("fsopen", syscall(SYS_fsopen, "tmpfs", 1));

	check("fsconfig", syscall(SYS_fsconfig, fs, SET_STRING, "size", "1m", 0));
	check("fsconfig", syscall(SYS_fsconfig, fs, CMD_CREATE, NULL, NULL, 0));

	long mounted = check("fsmount", syscall(SYS_fsmount, fs, 1, NODEV));

	check("move_mount", syscall(SYS_move_mount, mounted, "", AT_FDCWD, path, F_EMPTY_PATH));

	long tree = check("open_tree", syscall(SYS_open_tree, AT_FDCWD, path, 0));
	long picked = check("fspick", syscall(SYS_fspick, mounted, "", PICK_EMPTY_PATH));

	check("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, path, 0, &attributes, sizeof(attributes)));
	close(fs);
	close(tree);
	close(picked);
	close(mounted);
	check("umount2", umount2(path, MNT_DETACH));
}

static void run(const char *name, char *path)
{
	char *colon = strrchr(path, ':');
	int count = atoi(colon + 1);

	*colon = 0;
	for (int i = 0; i < count; i++) {
		if (!strcmp(name, "old")) {
			check("mount", mount("ts-bcc", path, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m"));
			check("umount2", umount2(path, UMOUNT_NOFOLLOW));
		} else if (!strcmp(name, "new"))
			new_api(path);
		else if (!strcmp(name, "missing"))
			umount2(path, 0);
		else
			check(name, -1);
	}
}

int main(int argc, char **argv)
{
	check("unshare", unshare(CLONE_NEWNS));
	check("private", mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	prctl(PR_SET_NAME, "mount_calls");
	printf("pid %d\n", getpid());
	fflush(stdout);
	await_line();
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		*value++ = 0;
		run(argv[i], value);
	}
	return 0;
}
