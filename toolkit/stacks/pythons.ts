/**
 * The builds of Python whose frames the kernel side finds between native ones (python_frames.h).
 *
 * @module
 */

import { type Bpf, type BpfMap, type Infer, struct, u32 } from "../../mod.ts";
import type { MemoryRange } from "../../plumbing.ts";
import { mappedPython } from "../../unwinding.ts";

/** struct unwind_python. */
const UnwindPython = struct("unwind_python", {
  eval_from: u32,
  eval_to: u32,
  runtime: u32,
  interpreters: u32,
  threads: u32,
  thread_next: u32,
  thread_id: u32,
  thread_cframe: u32,
  current_frame: u32,
  frame_code: u32,
  frame_previous: u32,
  frame_instruction: u32,
  frame_is_entry: u32,
  frame_owner: u32,
  code_line: u32,
  code_file: u32,
  code_name: u32,
  code_lines: u32,
  code_start: u32,
  text_ascii: u32,
  text_compact: u32,
});
type UnwindPython = Infer<typeof UnwindPython>;

/**
 * Offsets in structures of CPython by its version, on 64 bit machines: Include/internal/pycore_runtime.h,
 * pycore_interp.h, pycore_frame.h, Include/cpython/pystate.h, code.h. They are the same in all builds of a
 * version, which never changes them after its first release.
 */
const LAYOUTS: Readonly<
  Record<string, Omit<UnwindPython, "eval_from" | "eval_to" | "runtime">>
> = {
  "3.11": {
    interpreters: 40,
    threads: 16,
    thread_next: 8,
    thread_id: 152,
    thread_cframe: 56,
    current_frame: 8,
    frame_code: 32,
    frame_previous: 48,
    frame_instruction: 56,
    frame_is_entry: 68,
    frame_owner: 0,
    code_line: 72,
    code_file: 112,
    code_name: 128,
    code_lines: 136,
    code_start: 184,
    text_ascii: 48,
    text_compact: 72,
  },
  // From its own _Py_DebugOffsets, with which _PyRuntime begins.
  "3.13": {
    interpreters: 632,
    threads: 7344,
    thread_next: 8,
    thread_id: 152,
    thread_cframe: 0,
    current_frame: 72,
    frame_code: 0,
    frame_previous: 8,
    frame_instruction: 56,
    frame_is_entry: 0,
    frame_owner: 70,
    code_line: 68,
    code_file: 112,
    code_name: 128,
    code_lines: 136,
    code_start: 200,
    text_ascii: 40,
    text_compact: 56,
  },
};

/** Registers interpreters with the kernel side. */
export class Pythons {
  readonly #map: BpfMap<number, UnwindPython>;
  #count = 0;

  constructor(bpf: Bpf) {
    this.#map = bpf.map("unwind_pythons", u32, UnwindPython);
  }

  /** The number by which the kernel side knows the interpreter in a file; 0 when there is none that is known. */
  numberOf(pid: number, range: MemoryRange): number {
    const found = mappedPython(pid, range);
    const layout = found && LAYOUTS[found.version];
    if (!layout || this.#count === this.#map.maxEntries - 1) return 0;
    const { evalFrom: eval_from, evalTo: eval_to, runtime } = found;
    this.#map.set(++this.#count, { eval_from, eval_to, runtime, ...layout });
    return this.#count;
  }
}
