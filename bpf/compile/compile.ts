/**
 * Compiling BPF C in bcc's dialect, in this process, with libbcc.
 *
 * @module
 */

import { libbcc } from "../../ffi/libbcc.ts";
import type { CompileOptions, CompileSource } from "./compile_options.ts";
import { Job } from "./job.ts";
import type { Module } from "./module.ts";
import { enqueue, isCompiling } from "./queue.ts";

/** Compiles a text. @throws {CompileError} or another BpfError; then nothing is left behind. */
export function compileModule(source: CompileSource, options: CompileOptions): Module {
  if (isCompiling()) {
    throw new TypeError("Cannot compile while compileAsync() is under way: wait for it first");
  }
  using job = new Job(source, options);
  return job.finish(job.run((call) => {
    const { bpf_module_create_c_from_string } = libbcc();
    return bpf_module_create_c_from_string(call.text, call.flags, call.list, call.count, 1, null);
  }));
}

/** Compiles a text on another thread, after those queued before. */
export function compileModuleAsync(
  source: CompileSource,
  options: CompileOptions,
): Promise<Module> {
  return enqueue(async () => {
    using job = new Job(source, options);
    return job.finish(await job.runAsync());
  });
}
