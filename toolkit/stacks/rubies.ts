/**
 * The builds of Ruby whose frames the kernel side finds between native ones (ruby_frames.h).
 *
 * @module
 */

import { type Bpf, type BpfMap, type Infer, struct, u32 } from "../../mod.ts";
import type { MemoryRange } from "../../plumbing.ts";
import { mappedRuby } from "../../unwinding.ts";
import { LAYOUTS } from "../languages/ruby_layout.ts";

/** struct unwind_ruby. */
const UnwindRuby = struct("unwind_ruby", {
  exec_from: u32,
  exec_to: u32,
  thread_context: u32,
  frame: u32,
  lines: u32,
  text: u32,
  length_in_flags: u32,
  reserved: u32,
});

/** The number of the first Ruby: smaller numbers are Pythons. */
const RUBIES = 16;

/** Registers interpreters with the kernel side. */
export class Rubies {
  readonly #map: BpfMap<number, Infer<typeof UnwindRuby>>;
  #count = 0;

  constructor(bpf: Bpf) {
    this.#map = bpf.map("unwind_rubies", u32, UnwindRuby);
  }

  /** The number by which the kernel side knows the interpreter in a file; 0 when there is none that is known. */
  numberOf(pid: number, range: MemoryRange): number {
    const found = mappedRuby(pid, range);
    const layout = found && LAYOUTS[found.version];
    if (!layout || this.#count === this.#map.maxEntries) return 0;
    this.#map.set(this.#count, {
      exec_from: found.execFrom,
      exec_to: found.execTo,
      thread_context: layout.threadContext,
      frame: layout.frame,
      lines: layout.lines,
      text: layout.text,
      length_in_flags: Number(layout.lengthInFlags),
      reserved: 0,
    });
    return RUBIES + this.#count++;
  }
}
