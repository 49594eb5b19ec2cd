"""Reading a hash with Python bcc: map_read.py ENTRIES batch|plain"""
import sys
import time

from bcc import BPF
from peer import compiled, report, run

ENTRIES_PER_RUN = 500

wanted, way = int(sys.argv[1]), sys.argv[2]
bpf = compiled("map_read")
program = bpf.load_func(b"fill", BPF.RAW_TRACEPOINT).fd
for first in range(0, wanted, ENTRIES_PER_RUN):
    run(program, first)
table = bpf["entries"]
read = table.items_lookup_batch if way == "batch" else table.items

entries = total = 0
start = time.perf_counter()
for key, value in read():
    entries += 1
    total += key.pid + key.id + value.count + value.bytes
rate = wanted / (time.perf_counter() - start) / 1e6
assert entries == wanted, "entries are missing"
report("M entries/s", [rate])
