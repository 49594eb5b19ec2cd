/*
 * Sends signals by every system call that sends signals.
 *
 * It prints "pid PID", starts a child with a second thread, prints "child PID TID", and waits for a line
 * on stdin. Then it sends SIGCONT: by each call to the child or its thread, by tgkill and tkill to a
 * thread of its own, to a descriptor that is not a pidfd, and to a pid that does not exist. It ends the
 * child with SIGTERM by pidfd_send_signal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 4194305 /* above any pid */

static void await_line(void)
{
	char c;

	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static void must(long result, int error, const char *what)
{
	if (result == (error ? -1 : 0) && (!error || errno == error))
		return;
	fprintf(stderr, "%s: %ld, %s\n", what, result, strerror(errno));
	exit(1);
}

static void *in_thread(void *pipe)
{
	int tid = syscall(SYS_gettid);

	must(write(*(int *)pipe, &tid, sizeof(tid)) != sizeof(tid), 0, "write");
	for (;;)
		pause();
	return NULL;
}

static int start_thread(int *pipe)
{
	pthread_t thread;
	int tid = 0;

	must(pthread_create(&thread, NULL, in_thread, &pipe[1]), 0, "pthread_create");
	return read(pipe[0], &tid, sizeof(tid)) == sizeof(tid) ? tid : 0;
}

int main(void)
{
	int tids[2], own[2], tid, no_pidfd = open("/dev/null", O_RDONLY);
	siginfo_t info = { .si_code = SI_QUEUE };

	must(pipe(tids) | pipe(own), 0, "pipe");
	printf("pid %d\n", getpid());
	fflush(stdout);

	int child = fork();

	if (!child) {
		tid = start_thread(own);
		must(write(tids[1], &tid, sizeof(tid)) != sizeof(tid), 0, "write");
		for (;;)
			pause();
	}
	must(read(tids[0], &tid, sizeof(tid)) != sizeof(tid), 0, "read");

	int mine = start_thread(own);
	int pidfd = syscall(SYS_pidfd_open, child, 0);

	printf("child %d %d %d\n", child, tid, mine);
	fflush(stdout);
	await_line();

	info.si_pid = getpid();
	must(kill(child, SIGCONT), 0, "kill");
	must(syscall(SYS_tkill, tid, SIGCONT), 0, "tkill");
	must(syscall(SYS_tgkill, child, tid, SIGCONT), 0, "tgkill");
	info.si_signo = SIGCONT;
	must(syscall(SYS_rt_sigqueueinfo, child, SIGCONT, &info), 0, "rt_sigqueueinfo");
	must(syscall(SYS_rt_tgsigqueueinfo, child, tid, SIGCONT, &info), 0, "rt_tgsigqueueinfo");
	must(syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0), 0, "pidfd_send_signal");

	/* To this process's own threads. */
	must(syscall(SYS_tgkill, getpid(), mine, SIGCONT), 0, "tgkill");
	must(syscall(SYS_tkill, mine, SIGCONT), 0, "tkill");
	must(syscall(SYS_tkill, getpid(), 0), 0, "tkill");

	must(syscall(SYS_tkill, NOBODY, SIGCONT), ESRCH, "tkill");
	must(syscall(SYS_tgkill, NOBODY, NOBODY, SIGCONT), ESRCH, "tgkill");
	must(syscall(SYS_pidfd_send_signal, no_pidfd, SIGCONT, NULL, 0), EBADF, "pidfd_send_signal");
	must(syscall(SYS_pidfd_send_signal, -1, SIGCONT, NULL, 0), EBADF, "pidfd_send_signal");

	must(syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0), 0, "pidfd_send_signal");
	must(waitpid(child, NULL, 0) != child, 0, "waitpid");
	return 0;
}
