/* Opens files that do not exist, from several processes: open_files PROCESSES RATE SECONDS
 *
 * RATE: opens a second of all processes; 0: as fast as possible. It waits for a line first, and prints their number. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Opens between two reads of the clock. */
#define BATCH 20
/* The largest delay to catch up with: a process that was not scheduled for longer makes fewer opens, not a burst. */
#define MAX_BEHIND_SECONDS 0.005

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static unsigned long run(int process, double rate, double seconds)
{
	unsigned long done = 0;
	char path[64];
	double start = now(), elapsed, due = 0, before = 0;

	for (; (elapsed = now() - start) < seconds; before = elapsed) {
		double since = elapsed - before;

		due += rate * (since < MAX_BEHIND_SECONDS ? since : MAX_BEHIND_SECONDS);
		if (rate > 0 && done >= due) {
			usleep(500);
			continue;
		}
		for (int i = 0; i < BATCH; i++, done++) {
			snprintf(path, sizeof(path), "/none/%d/%lu", process, done % 5000);
			open(path, O_RDONLY);
		}
	}
	return done;
}

int main(int count, char **words)
{
	int processes = count > 3 ? atoi(words[1]) : 0;
	unsigned long *done, total = 0;

	if (processes < 1 || processes > 64)
		return 2;
	done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (getchar() == EOF)
		return 1;
	for (int i = 0; i < processes; i++) {
		if (fork() == 0) {
			done[i] = run(i, atof(words[2]) / processes, atof(words[3]));
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < processes; i++)
		total += done[i];
	printf("%lu\n", total);
	return 0;
}
