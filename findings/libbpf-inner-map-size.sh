#!/usr/bin/env bash
# libbpf 1.1.2 (Debian 12): the setters of bpf_map__inner_map()'s map follow a null pointer.
#
# Expected: bpf_map__inner_map() hands out the map that a map of maps declares, so that its size can be
#   chosen before the object is loaded, as of any other map; or the setters refuse it with an errno.
# Really: bpf_map__max_entries() reads it, bpf_map__set_max_entries() ends the process by SIGSEGV: it looks
#   at map->obj, which an inner map has not.
# Needs clang and gcc; nothing is loaded into the kernel.
# Seen:
#   declared 1
#   ended with 139
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
version=1:1.1.2-0+deb12u1
apt-get download -q=2 "libbpf1=$version" "libbpf-dev=$version" 2>apt.log || { cat apt.log; exit 1; }
for package in *.deb; do dpkg -x "$package" .; done
library="$folder/usr/lib/$(gcc -print-multiarch)"
cat >maps.bpf.c <<'C'
#define SEC(name) __attribute__((section(name), used))
struct inner { int (*type)[2]; int (*max_entries)[1]; int *key; long *value; };
struct {
	int (*type)[12]; /* BPF_MAP_TYPE_ARRAY_OF_MAPS */
	int (*max_entries)[3];
	int *key;
	struct inner *values[];
} outer SEC(".maps");
C
clang -target bpf -O2 -g -c maps.bpf.c -o maps.bpf.o
cat >main.c <<'C'
#include <stdio.h>
#include <bpf/libbpf.h>

int main(void)
{
	struct bpf_object *object = bpf_object__open_file("maps.bpf.o", NULL);
	struct bpf_map *outer = object ? bpf_object__find_map_by_name(object, "outer") : NULL;
	struct bpf_map *inner = outer ? bpf_map__inner_map(outer) : NULL;

	if (!inner)
		return 2;
	printf("declared %u\n", bpf_map__max_entries(inner));
	fflush(stdout);
	printf("set: %d\n", bpf_map__set_max_entries(inner, 5));
	return 0;
}
C
gcc main.c -I usr/include "$library/libbpf.so.1" -Wl,--allow-shlib-undefined -o main
{
  status=0
  { LD_LIBRARY_PATH="$library" ./main || status=$?; } 2>/dev/null
  echo "ended with $status"
} | tee seen
diff - seen <<'SEEN' && echo "as found"
declared 1
ended with 139
SEEN
