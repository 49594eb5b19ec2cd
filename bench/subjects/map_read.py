"""Reading a hash with Python bcc: map_read.py ENTRIES batch|plain|take|get|per-cpu"""
import sys
import time

from bcc import BPF
from peer import compiled, report, run

ENTRIES_PER_RUN = 500

wanted, way = int(sys.argv[1]), sys.argv[2]
bpf = compiled("map_read")
per_cpu = way == "per-cpu"
program = bpf.load_func(b"fill_per_cpu" if per_cpu else b"fill", BPF.RAW_TRACEPOINT).fd
for first in range(0, wanted, ENTRIES_PER_RUN):
    run(program, first)
table = bpf["per_cpu" if per_cpu else "entries"]


def each_by_key():
    for number in range(wanted):
        key = table.Key(number, 7)
        yield key, table[key]


read = {
    "batch": table.items_lookup_batch,
    "plain": table.items,
    "take": table.items_lookup_and_delete_batch,
    "get": each_by_key,
    "per-cpu": table.items,
}[way]

entries = total = 0
start = time.perf_counter()
for key, value in read():
    entries += 1
    if per_cpu:
        total += key.pid + key.id + sum(cpu.count + cpu.bytes for cpu in value)
    else:
        total += key.pid + key.id + value.count + value.bytes
rate = wanted / (time.perf_counter() - start) / 1e6
assert entries == wanted, "entries are missing"
report("M entries/s", [rate])
