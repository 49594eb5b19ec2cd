/**
 * Loads the object of `testdata/kinds.bpf.c` and runs its workload on chosen CPUs.
 *
 * @module
 */

import { libc } from "../../ffi/libc/libc.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { Bpf, type LoadOptions } from "../../mod.ts";
import { buildObject } from "./build.ts";

const SYS_SCHED_SETAFFINITY = process.arch === "arm64" ? 122n : 203n;
const SYS_SCHED_GETAFFINITY = process.arch === "arm64" ? 123n : 204n;

/** Loads the object for events of this process; `attach()` attaches only its tracepoint program. */
export function loadKindsObject(options: LoadOptions = {}): Bpf {
  return Bpf.load(buildObject("kinds.bpf.c"), {
    name: "kinds",
    ...options,
    globals: { target_pid: process.pid, ...options.globals },
  });
}

/** Attaches the program that runs at each getppid(2). */
export function attachToCalls(bpf: Bpf): void {
  bpf.program("on_call").attach();
}

/** Calls `run` with this thread on one CPU after the other. */
export function onEachCpu(cpus: readonly number[], run: (cpu: number) => void): void {
  const before = alloc(128);
  affinity(SYS_SCHED_GETAFFINITY, before);
  try {
    for (const cpu of cpus) {
      const mask = alloc(128);
      mask[cpu >> 3] = 1 << (cpu & 7);
      affinity(SYS_SCHED_SETAFFINITY, mask);
      run(cpu);
    }
  } finally {
    affinity(SYS_SCHED_SETAFFINITY, before);
  }
}

function affinity(call: bigint, mask: Uint8Array<ArrayBuffer>): void {
  const address = runtime.addressOf(mask);
  const result = libc().syscall(call, 0n, BigInt(mask.length), address, 0n, 0n, 0n);
  if (result < 0n) throw new Error("Cannot move this thread to another CPU");
}
