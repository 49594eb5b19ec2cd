"""Fills a perf buffer and reads it, many times; tells how many events a second it read."""
import ctypes
import json
import os
import sys
import time

from bcc import BPF

ROUNDS = 10
EVENTS = 10000

source = os.path.join(os.path.dirname(__file__), "perf_buffer.c")
bpf = BPF(src_file=source.encode(), cflags=["-DPID=%d" % os.getpid()])
events = bpf["events"]
total = letters = 0


def add(cpu, data, size):
    global total, letters
    event = events.event(data)
    total += event.number
    letters += len(event.comm)


events.open_perf_buffer(add, page_cnt=256)
getppid = ctypes.CDLL(None).getppid
seconds = 0.0
for _ in range(ROUNDS):
    for _ in range(EVENTS):
        getppid()
    start = time.perf_counter()
    bpf.perf_buffer_consume()
    seconds += time.perf_counter() - start
count = ROUNDS * EVENTS
assert total == count * (count - 1) // 2 and letters >= count, "events are missing"
print(json.dumps({"events per second": count / seconds}), flush=True)
sys.stdin.read()
# bcc 0.26 complains when it takes down a table that is still referred to.
os._exit(0)
