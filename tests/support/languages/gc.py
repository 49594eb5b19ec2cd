# Runs known collections of the oldest generation, with cycles to free, after a line on stdin.
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
