"""Reading events with Python bcc: drain.py ring|perf open|small decoded|count"""
import ctypes
import sys
import time

from bcc import BPF
from peer import compiled, report, run

ROUNDS = 7
RUNS = 100
EVENTS_PER_RUN = 512


class Open(ctypes.Structure):
    _pack_ = 1
    _fields_ = [
        ("time", ctypes.c_uint64),
        ("pid", ctypes.c_uint32),
        ("ret", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
        ("comm", ctypes.c_char * 16),
        ("path", ctypes.c_char * 255),
    ]


class Small(ctypes.Structure):
    _fields_ = [
        ("time", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("pid", ctypes.c_uint32),
        ("cpu", ctypes.c_uint32),
    ]


buffer, kind, mode = sys.argv[1:]
# Casts as bcc's table.event() does, which itself cannot derive the layout of a packed struct.
cast, pointer = ctypes.cast, ctypes.POINTER({"open": Open, "small": Small}[kind])
count = total = 0


def take_open(_, data, size):
    global count, total
    count += 1
    event = cast(data, pointer).contents
    total += event.time + event.pid + event.ret + event.flags
    total += len(event.comm.decode("utf-8", "replace")) + len(event.path.decode("utf-8", "replace"))


def take_small(_, data, size):
    global count, total
    count += 1
    event = cast(data, pointer).contents
    total += event.time + event.bytes + event.pid + event.cpu


def take_none(_, data, size):
    global count
    count += 1


bpf = compiled("drain")
program = bpf.load_func(f"{buffer}_{kind}".encode(), BPF.RAW_TRACEPOINT).fd
take = take_none if mode == "count" else {"open": take_open, "small": take_small}[kind]
if buffer == "ring":
    bpf["ring"].open_ring_buffer(take)
else:
    bpf["perf"].open_perf_buffer(take, page_cnt=8192)
consume = bpf.ring_buffer_consume if buffer == "ring" else bpf.perf_buffer_consume

rates = []
for _ in range(ROUNDS):
    for i in range(RUNS):
        run(program, i * EVENTS_PER_RUN)
    start = time.perf_counter()
    consume()
    rates.append(RUNS * EVENTS_PER_RUN / (time.perf_counter() - start) / 1e6)
assert count == ROUNDS * RUNS * EVENTS_PER_RUN, "events are missing"
report("M events/s", rates)
