/*
 * Short-lived processes: prints its pid; each line of its input is a number of processes to start, one after another.
 * Each process calls getppid(2), leaves the CPU once, and ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	char line[32];

	printf("pid %d\n", getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		for (int left = atoi(line); left > 0; left--) {
			pid_t child = fork();

			if (child == 0) {
				syscall(SYS_getppid);
				nanosleep(&(struct timespec){ .tv_nsec = 1 }, NULL);
				_exit(0);
			}
			if (child < 0 || waitpid(child, NULL, 0) != child)
				return 1;
		}
		printf("made %s", line);
		fflush(stdout);
	}
	return 0;
}
