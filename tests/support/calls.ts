/**
 * The workload of `testdata/library.bpf.c`: getppid(2), which neither runtime calls by itself.
 *
 * @module
 */

import { libc } from "../../ffi/libc/libc.ts";
import { Bpf, type LoadOptions } from "../../mod.ts";
import { buildObject } from "./build.ts";

const [SYS_GETPPID, SYS_GETPGID] = process.arch === "arm64" ? [173n, 155n] : [110n, 121n];

/** Calls getppid(2) `times` times. */
export function callGetppid(times: number): void {
  for (let i = 0; i < times; i++) libc().syscall(SYS_GETPPID, 0n, 0n, 0n, 0n, 0n, 0n);
}

/** Calls getpgid(0) `times` times; returns the last result. */
export function callGetpgid(times: number): bigint {
  let result = 0n;
  for (let i = 0; i < times; i++) result = libc().syscall(SYS_GETPGID, 0n, 0n, 0n, 0n, 0n, 0n);
  return result;
}

/**
 * Loads library.bpf.c for events of this process; `attach()` attaches only its tracepoint program.
 */
export function loadLibraryObject(options: LoadOptions = {}): Bpf {
  return Bpf.load(buildObject("library.bpf.c"), {
    name: "library",
    ...options,
    globals: { target_pid: process.pid, ...options.globals },
    programs: { on_raw: false, on_function: false, ...options.programs },
  });
}
