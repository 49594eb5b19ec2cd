/**
 * The workload of `testdata/library.bpf.c`: getppid(2), which nothing else here calls by itself.
 *
 * @module
 */

import { libc } from "../../ffi/libc.ts";
import { Bpf, type LoadOptions } from "../../mod.ts";
import { buildObject } from "./build.ts";

const SYS_GETPPID = process.arch === "arm64" ? 173n : 110n;

/** Calls getppid(2) so many times. */
export function callGetppid(times: number): void {
  for (let i = 0; i < times; i++) libc().syscall(SYS_GETPPID, 0n, 0n, 0n, 0n, 0n, 0n);
}

/** Loads the test object, watching this process; `attach` puts only its tracepoint program on. */
export function loadLibraryObject(options: LoadOptions = {}): Bpf {
  return Bpf.load(buildObject("library.bpf.c"), {
    name: "library",
    ...options,
    globals: { target_pid: process.pid, ...options.globals },
    programs: { on_exec: false, on_function: false, ...options.programs },
  });
}
