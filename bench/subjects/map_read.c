// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Reading a hash with libbpf: map_read OBJECT ENTRIES batch|plain|take|get|per-cpu|per-cpu-plain
 *
 * "take" removes the entries that it reads, in batches; "get" looks up all keys one by one.
 */
#include "peer.h"
#include <errno.h>

typedef unsigned int u32;
typedef unsigned long long u64;

#include "entries.h"

#define ROUNDS 3
#define BATCH 4096

#define MOST_CPUS 64

static struct entry_key keys[BATCH];
static struct entry_value values[BATCH * MOST_CPUS];
/* Number of values of one entry: one, or in a per-CPU map one for each CPU. */
static int each = 1;
static u64 entries, sum;

static void take(const struct entry_key *key, const struct entry_value *value)
{
	entries++;
	sum += key->pid + key->id + value->count + value->bytes;
}

static void take_all(const struct entry_key *key, const struct entry_value *value)
{
	for (int cpu = 1; cpu < each; cpu++)
		sum += value[cpu].count + value[cpu].bytes;
	take(key, value);
}

static void read_batches(int map, int removes)
{
	u32 token, count;
	int error;

	for (int first = 1;; first = 0) {
		void *from = first ? NULL : &token;

		count = BATCH;
		error = removes ? bpf_map_lookup_and_delete_batch(map, from, &token, keys, values,
								  &count, NULL) :
				  bpf_map_lookup_batch(map, from, &token, keys, values, &count,
						       NULL);
		CHECK(error == 0 || error == -ENOENT, "batch");
		for (u32 i = 0; i < count; i++)
			take_all(&keys[i], &values[i * each]);
		if (error)
			return;
	}
}

static void read_plainly(int map)
{
	struct entry_key *key = NULL, next;

	while (bpf_map_get_next_key(map, key, &next) == 0) {
		CHECK(bpf_map_lookup_elem(map, &next, values) == 0, "lookup");
		take_all(&next, values);
		keys[0] = next;
		key = &keys[0];
	}
}

static void get_each(int map, u32 wanted)
{
	for (u32 i = 0; i < wanted; i++) {
		struct entry_key key = { .pid = i, .id = 7 };

		CHECK(bpf_map_lookup_elem(map, &key, values) == 0, "lookup");
		take_all(&key, values);
	}
}

int main(int argc, char **argv)
{
	struct bpf_object *object = load(argv[1]);
	const char *way = argv[3];
	int per_cpu = strncmp(way, "per-cpu", 7) == 0, takes = strcmp(way, "take") == 0;
	int program = bpf_program__fd(bpf_object__find_program_by_name(
		object, per_cpu ? "fill_per_cpu" : "fill"));
	int map = bpf_object__find_map_fd_by_name(object, per_cpu ? "per_cpu" : "entries");
	u64 wanted = strtoull(argv[2], NULL, 10);
	double rates[ROUNDS];

	if (per_cpu)
		each = libbpf_num_possible_cpus();
	CHECK(each >= 1 && each <= MOST_CPUS, "CPUs");
	for (int round = 0; round < ROUNDS; round++) {
		for (u64 first = 0; first < wanted && (round == 0 || takes);
		     first += ENTRIES_PER_RUN)
			run(program, first);
		double start = now();

		if (strcmp(way, "get") == 0)
			get_each(map, wanted);
		else if (strcmp(way, "plain") == 0 || strcmp(way, "per-cpu-plain") == 0)
			read_plainly(map);
		else
			read_batches(map, takes);
		rates[round] = wanted / (now() - start) / 1e6;
	}
	CHECK(entries == ROUNDS * wanted && sum > 0, "entries are missing");
	report("M entries/s", median(rates, ROUNDS));
	return 0;
}
