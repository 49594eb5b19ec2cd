/**
 * The workload of `testdata/library.bpf.c`: getppid(2), which nothing else here calls by itself.
 *
 * @module
 */

import { libc } from "../../ffi/libc/libc.ts";
import { Bpf, type LoadOptions } from "../../mod.ts";
import { buildObject } from "./build.ts";

const [SYS_GETPPID, SYS_GETPGID] = process.arch === "arm64" ? [173n, 155n] : [110n, 121n];

/** Calls getppid(2) so many times. */
export function callGetppid(times: number): void {
  for (let i = 0; i < times; i++) libc().syscall(SYS_GETPPID, 0n, 0n, 0n, 0n, 0n, 0n);
}

/** Calls getpgid(0) so many times, and returns what it returned. */
export function callGetpgid(times: number): bigint {
  let result = 0n;
  for (let i = 0; i < times; i++) result = libc().syscall(SYS_GETPGID, 0n, 0n, 0n, 0n, 0n, 0n);
  return result;
}

/** Loads the test object, watching this process; `attach` puts only its tracepoint program on. */
export function loadLibraryObject(options: LoadOptions = {}): Bpf {
  return Bpf.load(buildObject("library.bpf.c"), {
    name: "library",
    ...options,
    globals: { target_pid: process.pid, ...options.globals },
    programs: { on_raw: false, on_function: false, ...options.programs },
  });
}
