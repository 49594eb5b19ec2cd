// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Measures a profiler from outside: stacks_report SECONDS READY LOAD LIBRARY OTHER-LIBRARY -- COMMAND… [--then COMMAND…]
 *
 * Starts 20 processes (stacks_load.c). When the profiler has printed READY and opened perf events, they run until they
 * have used SECONDS of CPU time. Then they are stopped and the profiler gets SIGINT: the time until it ends is that of
 * the report. A command after `--then` is part of the report. The cost of a sample is the run time that the kernel
 * counts for BPF programs on perf events. @PIDS in a command stands for the processes' ids.
 */
#include "tracer_process.h"
#include <bpf/bpf.h>
#include <sys/resource.h>

#define LOADS 20

static pid_t loads[LOADS];

static void signal_loads(int number)
{
	for (int i = 0; i < LOADS; i++) {
		if (loads[i] > 0)
			kill(loads[i], number);
	}
}

static void end_loads(void)
{
	char path[64];

	signal_loads(SIGKILL);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", loads[0]);
	unlink(path);
}

static void start_loads(char **args)
{
	int ready[2];
	char byte, number[16];

	if (pipe2(ready, O_CLOEXEC))
		fail("pipe");
	atexit(end_loads);
	for (int i = 0; i < LOADS; i++) {
		loads[i] = fork();
		if (loads[i] == 0) {
			dup2(ready[1], 1);
			snprintf(number, sizeof(number), "%d", i);
			execl(args[0], args[0], number, args[1], args[2], NULL);
			_exit(127);
		}
	}
	close(ready[1]);
	for (int i = 0; i < LOADS; i++) {
		if (read(ready[0], &byte, 1) != 1)
			fail("a process did not start");
	}
}

static int says(int file, const char *text)
{
	char said[65536];
	ssize_t length = pread(file, said, sizeof(said), 0);

	return length > 0 && memmem(said, length, text, strlen(text));
}

/* Whether the profiler has opened its perf events: some print that they are ready before that. */
static int has_events(void)
{
	char path[64], target[64];
	int found = 0;

	for (int fd = 3; fd < 512 && !found; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", child, fd);
		ssize_t length = readlink(path, target, sizeof(target) - 1);
		if (length > 0) {
			target[length] = 0;
			found = strcmp(target, "anon_inode:[perf_event]") == 0;
		}
	}
	return found;
}

static void await_ready(const char *text)
{
	double end = now() + 4 * PATIENCE;

	while (!(says(output, text) || says(complaints, text)) || !has_events()) {
		if (now() > end || waitpid(child, NULL, WNOHANG) != 0)
			fail("the profiler was not ready");
		rest(1e-2);
	}
}

/* CPU time of a process so far, in seconds. */
static double cpu_of(pid_t pid)
{
	clockid_t clock;
	struct timespec time;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time))
		fail("clock_gettime");
	return time.tv_sec + time.tv_nsec / 1e9;
}

static double cpu_of_loads(void)
{
	double all = 0;

	for (int i = 0; i < LOADS; i++)
		all += cpu_of(loads[i]);
	return all;
}

static void run_loads(double seconds)
{
	double end = cpu_of_loads() + seconds;

	signal_loads(SIGCONT);
	while (cpu_of_loads() < end)
		rest(1e-2);
	signal_loads(SIGSTOP);
}

/* Replaces @PIDS by the ids of the processes. */
static void name_loads(char **words)
{
	static char text[LOADS * 12];
	int length = 0;

	for (int i = 0; i < LOADS; i++)
		length += sprintf(text + length, "%s%d", i ? "," : "", loads[i]);
	for (; *words; words++) {
		if (strcmp(*words, "@PIDS") == 0)
			*words = text;
	}
}

/* Whether the profiler holds a descriptor of this BPF program: other processes may have loaded programs as well. */
static int is_of_child(__u32 id)
{
	char path[64], line[256];
	int found = 0;

	for (int fd = 3; fd < 1024 && !found; fd++) {
		unsigned held;

		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", child, fd);
		FILE *file = fopen(path, "r");
		if (!file)
			continue;
		while (fgets(line, sizeof(line), file))
			found |= sscanf(line, "prog_id: %u", &held) == 1 && held == id;
		fclose(file);
	}
	return found;
}

/* Sums runs and run time in nanoseconds of the profiler's programs on perf events. */
static void count_samples(double *samples, double *nanoseconds)
{
	for (__u32 id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
		if (!is_of_child(id))
			continue;
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);
		int program = bpf_prog_get_fd_by_id(id);

		if (program < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(program, &info, &size) &&
		    info.type == BPF_PROG_TYPE_PERF_EVENT) {
			*samples += info.run_cnt;
			*nanoseconds += info.run_time_ns;
		}
		close(program);
	}
}

static double seconds_of(struct timeval time)
{
	return time.tv_sec + time.tv_usec / 1e6;
}

/* Waits for the child's end; returns its CPU time in seconds, and stores its peak memory in KiB. */
static double await_end(long *kibibytes)
{
	struct rusage usage;
	int status;

	if (wait4(child, &status, 0, &usage) < 0 || (WIFEXITED(status) && WEXITSTATUS(status)))
		fail("the profiler failed");
	if (usage.ru_maxrss > *kibibytes)
		*kibibytes = usage.ru_maxrss;
	return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

static char **behind(char **words, const char *word)
{
	for (; *words; words++) {
		if (strcmp(*words, word) == 0) {
			*words = NULL;
			return words + 1;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	double samples = 0, nanoseconds = 0, before, used, begin;
	long kibibytes = 0;
	char **then;

	command = behind(argv, "--");
	if (argc < 7 || !command)
		return 2;
	then = behind(command, "--then");
	start_loads(argv + 3);
	name_loads(command);
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0)
		fail("bpf_enable_stats");
	signal_loads(SIGSTOP);
	start_tracer();
	await_ready(argv[2]);
	rest(0.5);
	run_loads(atof(argv[1]));
	rest(0.2);
	count_samples(&samples, &nanoseconds);
	before = cpu_of(child);
	begin = now();
	kill(child, SIGINT);
	used = await_end(&kibibytes);
	double reported = used - before;
	if (then) {
		command = then;
		start_tracer();
		double more = await_end(&kibibytes);
		used += more;
		reported += more;
	}
	child = 0;
	printf("{\"report, ms\": %f, \"report, CPU ms\": %f, \"in all, CPU ms\": %f, "
	       "\"at most, MiB\": %f, \"stacks\": %ld, \"a sample, ns\": %f, \"samples\": %f}\n",
	       (now() - begin) * 1e3, reported * 1e3, used * 1e3, kibibytes / 1024.0,
	       occurrences("end_of_chain"), samples ? nanoseconds / samples : 0, samples);
	return 0;
}
