"""Compiles and attaches; tells how long that took, and waits until its input ends."""
import json
import os
import sys
import time

from bcc import BPF

start = time.perf_counter()
bpf = BPF(src_file=os.path.join(os.path.dirname(__file__), "compile.c").encode())
print(json.dumps({"to attached, ms": (time.perf_counter() - start) * 1000}), flush=True)
sys.stdin.read()
