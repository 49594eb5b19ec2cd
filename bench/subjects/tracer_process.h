// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The process of the tracer that is measured, and its output. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WARM "/etc/tracer-warm-up"
#define PATIENCE 30

static char **command;
static pid_t child;
static int output, complaints, rows;

static void fail(const char *what)
{
	char text[2000];
	ssize_t length = complaints > 0 ? pread(complaints, text, sizeof(text), 0) : 0;

	perror(what);
	fprintf(stderr, "%.*s", length > 0 ? (int)length : 0, text);
	if (child > 0)
		kill(child, SIGKILL);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void rest(double seconds)
{
	struct timespec time = { seconds, (seconds - (long)seconds) * 1e9 };

	nanosleep(&time, NULL);
}

/* An open that fails early: the call itself takes little time, so the cost of tracing shows. */
static void open_missing(const char *path)
{
	syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
}

static off_t output_size(void)
{
	struct stat status;

	if (fstat(output, &status))
		fail("fstat");
	return status.st_size;
}

static long occurrences(const char *text)
{
	off_t size = output_size();
	long count = 0;

	if (size == 0)
		return 0;
	char *start = mmap(NULL, size, PROT_READ, MAP_SHARED, output, 0), *at = start;
	if (start == MAP_FAILED)
		fail("mmap");
	while ((at = memmem(at, start + size - at, text, strlen(text)))) {
		at += strlen(text);
		count++;
	}
	munmap(start, size);
	return count;
}

static int nameless_file(void)
{
	int file = open("/tmp", O_TMPFILE | O_RDWR | O_APPEND, 0600);

	if (file < 0)
		fail("/tmp");
	return file;
}

/* Starts the tracer with `output` as its standard output. */
static void start_tracer_to(int file)
{
	output = file;
	complaints = nameless_file();
	child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0) {
		/* Background jobs of shells inherit SIGINT ignored. */
		signal(SIGINT, SIG_DFL);
		dup2(output, 1);
		dup2(complaints, 2);
		execvp(command[0], command);
		fail(command[0]);
	}
}

static void start_tracer(void)
{
	start_tracer_to(nameless_file());
}

/* Starts the tracer with a pipe as its output; `rows` is the read end. */
static void start_tracer_with_pipe(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		fail("pipe2");
	rows = ends[0];
	start_tracer_to(ends[1]);
	close(ends[1]);
}

/*
 * Reads until the path was in a row; with `pause` (seconds) it is opened again after each pause without
 * output.
 */
static void await_row(const char *path, double pause)
{
	static char text[1 << 16];
	size_t length = 0;
	double end = now() + PATIENCE;
	struct pollfd wait = { .fd = rows, .events = POLLIN };

	for (;;) {
		if (pause > 0)
			open_missing(path);
		if (poll(&wait, 1, pause > 0 ? pause * 1e3 : PATIENCE * 1000) > 0) {
			ssize_t count = read(rows, text + length, sizeof(text) - 1 - length);

			if (count <= 0)
				fail("the tracer ended");
			text[length += count] = 0;
			if (strstr(text, path))
				return;
			/* Keeps an incomplete line: it may be the beginning of the row. */
			char *rest_of_line = strrchr(text, '\n');

			if (rest_of_line) {
				length = text + length - (rest_of_line + 1);
				memmove(text, rest_of_line + 1, length);
			}
		}
		if (now() > end)
			fail("the tracer printed no event");
	}
}

static void stop_tracer(void)
{
	/* Repeats SIGINT: Python drops KeyboardInterrupt if it is raised inside a callback. */
	for (int tries = 0; waitpid(child, NULL, WNOHANG) == 0; tries++) {
		if (tries % 500 == 0)
			kill(child, tries < 1000 * PATIENCE ? SIGINT : SIGKILL);
		rest(1e-3);
	}
	child = 0;
}

/* Opens until an open shows in the output. */
static void await_first(int burst)
{
	double end = now() + PATIENCE;
	off_t looked = 0;

	for (;;) {
		for (int i = 0; i < burst; i++)
			open_missing(WARM);
		rest(2e-4);
		if (output_size() != looked && occurrences(WARM) > 0)
			return;
		looked = output_size();
		if (now() > end || waitpid(child, NULL, WNOHANG) != 0)
			fail("the tracer printed no event");
	}
}

/* Waits until the tracer's output no longer grows. */
static void await_quiet(void)
{
	off_t before = -1;

	while (output_size() != before) {
		before = output_size();
		rest(0.3);
	}
}

/* CPU time of the tracer so far, in seconds. */
static double cpu_seconds(void)
{
	char path[64], text[1024];
	unsigned long user, system;

	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	FILE *file = fopen(path, "r");
	if (!file || !fgets(text, sizeof(text), file))
		fail(path);
	fclose(file);
	/* From the last ")": the name before it may contain spaces and brackets. */
	if (sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		   &user, &system) != 2)
		fail(path);
	return (double)(user + system) / sysconf(_SC_CLK_TCK);
}

/* The sum over the tracer's threads of the number after `key` in /proc/PID/task/TID/status. */
static long sum_of_threads(const char *key)
{
	char path[300], line[256];
	long sum = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", child);
	DIR *threads = opendir(path);
	if (!threads)
		fail(path);
	for (struct dirent *thread; (thread = readdir(threads));) {
		if (thread->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status", child, thread->d_name);
		FILE *file = fopen(path, "r");
		while (file && fgets(line, sizeof(line), file)) {
			if (strncmp(line, key, strlen(key)) == 0)
				sum += atol(line + strlen(key));
		}
		if (file)
			fclose(file);
	}
	closedir(threads);
	return sum;
}

/* CPU time in seconds, including ended threads; more exact than cpu_seconds(), which counts clock ticks. */
static double run_seconds(void)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(child, &clock) || clock_gettime(clock, &time))
		fail("the tracer's clock");
	return time.tv_sec + time.tv_nsec / 1e9;
}

static long context_switches(void)
{
	return sum_of_threads("voluntary_ctxt_switches:") +
	       sum_of_threads("nonvoluntary_ctxt_switches:");
}

/* The number after `key` in the tracer's file `name` in /proc, converted from KiB to MiB. */
static double mebibytes(const char *name, const char *key)
{
	char path[64], line[256];
	long kibibytes = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", child, name);
	FILE *file = fopen(path, "r");
	if (!file)
		fail(path);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, strlen(key)) == 0)
			sscanf(line + strlen(key), ": %ld", &kibibytes);
	}
	fclose(file);
	return kibibytes / 1024.0;
}

static void print_memory(const char *when)
{
	printf("\"resident%s, MiB\": %f, \"proportional%s, MiB\": %f, \"private%s, MiB\": %f, ", when,
	       mebibytes("status", "VmRSS"), when, mebibytes("smaps_rollup", "Pss"), when,
	       mebibytes("smaps_rollup", "Private_Dirty"));
}
