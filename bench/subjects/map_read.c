// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Reading a hash with libbpf: map_read OBJECT ENTRIES batch|plain */
#include "peer.h"
#include <errno.h>

typedef unsigned int u32;
typedef unsigned long long u64;

#include "entries.h"

#define ROUNDS 3
#define BATCH 4096

static struct entry_key keys[BATCH];
static struct entry_value values[BATCH];
static u64 entries, sum;

static void take(const struct entry_key *key, const struct entry_value *value)
{
	entries++;
	sum += key->pid + key->id + value->count + value->bytes;
}

static void read_batches(int map)
{
	u32 token, count;
	int error;

	for (int first = 1; ; first = 0) {
		count = BATCH;
		error = bpf_map_lookup_batch(map, first ? NULL : &token, &token, keys, values,
					     &count, NULL);
		CHECK(error == 0 || error == -ENOENT, "batch");
		for (u32 i = 0; i < count; i++)
			take(&keys[i], &values[i]);
		if (error)
			return;
	}
}

static void read_plainly(int map)
{
	struct entry_key *key = NULL, next;
	struct entry_value value;

	while (bpf_map_get_next_key(map, key, &next) == 0) {
		CHECK(bpf_map_lookup_elem(map, &next, &value) == 0, "lookup");
		take(&next, &value);
		keys[0] = next;
		key = &keys[0];
	}
}

int main(int argc, char **argv)
{
	struct bpf_object *object = load(argv[1]);
	int program = bpf_program__fd(bpf_object__find_program_by_name(object, "fill"));
	int map = bpf_object__find_map_fd_by_name(object, "entries");
	u64 wanted = strtoull(argv[2], NULL, 10);
	double rates[ROUNDS];

	for (u64 first = 0; first < wanted; first += ENTRIES_PER_RUN)
		run(program, first);
	for (int round = 0; round < ROUNDS; round++) {
		double start = now();

		if (strcmp(argv[3], "batch") == 0)
			read_batches(map);
		else
			read_plainly(map);
		rates[round] = wanted / (now() - start) / 1e6;
	}
	CHECK(entries == ROUNDS * wanted && sum > 0, "entries are missing");
	report("M entries/s", median(rates, ROUNDS));
	return 0;
}
