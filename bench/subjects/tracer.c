// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Measures a tracer of opens from outside: tracer start|load|loss|latency [NUMBER] -- COMMAND…
 *
 *   start         time from fork to the first event in its output; memory then and a second later
 *   load OPENS    OPENS opens in a tight loop: their cost, the tracer's CPU time, memory, losses
 *   loss SECONDS  the highest of some rates at which it loses no event during SECONDS
 *   latency OPENS time from just before an open until its row can be read from a pipe, with some
 *                 milliseconds between opens; then the tracer's wakeups and CPU time while idle
 *
 * The word @PID in the command stands for this process, which is the one to trace. The tracer's
 * output goes to an unlinked file; an event was shown if its path is in the file at the end.
 */
#include "tracer_process.h"

#define COUNTED "/etc/tracer-counted"
/* Seconds of idling. */
#define IDLE 3

static void measure_start(void)
{
	double start = now();

	start_tracer();
	await_first(1);
	printf("{\"first event, ms\": %f, \"CPU until then, ms\": %f, ", (now() - start) * 1e3,
	       run_seconds() * 1e3);
	print_memory("");
	await_quiet();
	double before = cpu_seconds();
	rest(1);
	print_memory(" a second later");
	printf("\"idle CPU, %%\": %f}\n", (cpu_seconds() - before) * 100);
	stop_tracer();
}

/* Time of one open in nanoseconds, measured over `count` opens in a tight loop. */
static double time_opens(const char *path, long count)
{
	double start = now();

	for (long i = 0; i < count; i++)
		open_missing(path);
	return (now() - start) * 1e9 / count;
}

static void measure_load(long opens)
{
	double untraced = time_opens(WARM, opens / 4);

	start_tracer();
	await_first(64);
	await_quiet();
	double before = cpu_seconds();
	double traced = time_opens(COUNTED, opens);
	await_quiet();
	double used = cpu_seconds() - before;
	printf("{\"untraced, ns\": %f, \"traced, ns\": %f, \"added, ns\": %f, ", untraced, traced,
	       traced - untraced);
	print_memory("");
	stop_tracer();
	long seen = occurrences(COUNTED);
	printf("\"lost, %%\": %f, \"CPU per million, ms\": %f}\n", 100.0 * (opens - seen) / opens,
	       seen == 0 ? 0 : used * 1e9 / seen);
}

/*
 * Opens at a rate (per second); returns the number of opens, or 0 if the machine cannot reach the
 * rate.
 */
static long open_at(double rate, double seconds)
{
	long done = 0, wanted = rate * seconds;
	double start = now();

	while (done < wanted) {
		long due = (now() - start) * rate;

		for (; done < due && done < wanted; done++)
			open_missing(COUNTED);
	}
	return now() - start > 1.05 * seconds ? 0 : done;
}

/*
 * Starts a tracer; returns whether it shows all opens at that rate, -1 if the machine cannot reach
 * the rate.
 */
static int keeps_up(double rate, double seconds)
{
	start_tracer();
	await_first(64);
	await_quiet();
	long made = open_at(rate, seconds);
	await_quiet();
	stop_tracer();
	long seen = occurrences(COUNTED);
	close(output);
	close(complaints);
	return made == 0 ? -1 : seen == made;
}

static void measure_loss(double seconds)
{
	static const double rates[] = { 5e3,  1e4,  2e4,  3e4,    5e4,  7e4,  1e5, 1.5e5,
					2e5, 2.5e5, 3e5, 3.5e5, 4e5, 5e5, 6e5, 7e5 };
	int low = -1, high = sizeof(rates) / sizeof(*rates);

	while (high - low > 1) {
		int middle = (low + high) / 2;

		if (keeps_up(rates[middle], seconds) == 1)
			low = middle;
		else
			high = middle;
	}
	printf("{\"events/s without loss\": %f}\n", low < 0 ? 0 : rates[low]);
}

static int compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

static void measure_latency(long opens)
{
	double *latencies = calloc(opens, sizeof(*latencies));
	char path[64];

	start_tracer_with_pipe();
	await_row(WARM, 1e-3);
	for (long i = 0; i < opens; i++) {
		/*
		 * Long enough for the tracer to sleep again, and of varying length: not in step
		 * with any timer.
		 */
		rest(4e-3 + (i * 7919 % 1000) * 6e-6);
		snprintf(path, sizeof(path), "/etc/tracer-number-%ld.", i);
		double start = now();
		open_missing(path);
		await_row(path, 0);
		latencies[i] = (now() - start) * 1e6;
	}
	qsort(latencies, opens, sizeof(*latencies), compare);
	rest(1);
	double cpu = run_seconds();
	long switches = context_switches();
	rest(IDLE);
	printf("{\"p50, us\": %f, \"p99, us\": %f, ", latencies[opens / 2],
	       latencies[opens * 99 / 100]);
	printf("\"idle, us of CPU a second\": %f, \"idle, switches a second\": %f}\n",
	       (run_seconds() - cpu) * 1e6 / IDLE,
	       (double)(context_switches() - switches) / IDLE);
	stop_tracer();
}

int main(int argc, char **argv)
{
	char pid[16];
	int at = 1;

	snprintf(pid, sizeof(pid), "%d", getpid());
	while (argv[at] && strcmp(argv[at], "--"))
		at++;
	if (at + 1 >= argc)
		return 2;
	command = argv + at + 1;
	for (char **word = command; *word; word++) {
		if (strcmp(*word, "@PID") == 0)
			*word = pid;
	}
	if (strcmp(argv[1], "start") == 0)
		measure_start();
	else if (strcmp(argv[1], "load") == 0)
		measure_load(atol(argv[2]));
	else if (strcmp(argv[1], "latency") == 0)
		measure_latency(atol(argv[2]));
	else
		measure_loss(atof(argv[2]));
	return 0;
}
