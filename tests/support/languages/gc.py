# Known collections, once a line comes: each of the oldest generation, of cycles that are garbage.
import gc
import os
import sys

gc.disable()
gc.collect()
print("pid", os.getpid(), flush=True)
sys.stdin.readline()
for _ in range(7):
    for _ in range(11):
        cycle = []
        cycle.append(cycle)
    del cycle
    gc.collect()
gc.collect(0)
