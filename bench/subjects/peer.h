/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Shared by the C subjects: loading an object, running its programs, a clock, the report. */
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHECK(good, what)                                                                          \
	do {                                                                                       \
		if (!(good)) {                                                                     \
			perror(what);                                                              \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static struct bpf_object *load(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);

	CHECK(object && bpf_object__load(object) == 0, path);
	return object;
}

/* Runs a raw tracepoint program with one argument. */
static void run(int program, unsigned long long argument)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &argument, .ctx_size_in = sizeof(argument));

	CHECK(bpf_prog_test_run_opts(program, &options) == 0, "test run");
}

static int compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

static double median(double *values, int count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* Prints the figure as JSON, and waits until standard input ends. */
static void report(const char *figure, double value)
{
	char byte;

	printf("{\"%s\": %f}\n", figure, value);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
}
