/**
 * Names of interpreter frames, which the kernel side puts between native ones (python_frames.h,
 * ruby_frames.h).
 *
 * @module
 */

import type { Bpf, ResolvedSymbol } from "../../mod.ts";
import { PythonNames } from "./python_names.ts";
import { RubyNames } from "./ruby_names.ts";

const INTERPRETED = 1n << 63n;
const CODE_BITS = 47n;

/** Whether an entry of a user stack is an interpreter's frame instead of an address. */
export const isInterpreted = (entry: bigint): boolean => (entry & INTERPRETED) !== 0n;

/** Names the entries of stacks that are frames of interpreters. */
export class InterpretedNames {
  readonly #python: PythonNames | undefined;
  readonly #ruby: RubyNames | undefined;

  /** @param bpf may include unwind.h */
  constructor(bpf: Bpf) {
    if (!bpf.globalNames.includes("unwinding")) return;
    this.#python = new PythonNames(bpf);
    this.#ruby = new RubyNames(bpf);
  }

  /** {@linkcode InterpretedNames.nameOf} as a symbol. */
  resolve(pid: number, entry: bigint): ResolvedSymbol {
    return { name: this.nameOf(pid, entry), offset: 0, module: undefined };
  }

  /** `python: fn (file.py:12)`, `ruby: block in run (file.rb:3)`, with the line that the frame is at. */
  nameOf(pid: number, entry: bigint): string {
    const key = { code: entry & ((1n << CODE_BITS) - 1n), pid: BigInt(pid) };
    const place = Number(entry >> CODE_BITS & 0xffffn);
    return this.#python?.nameOf(key, place) ?? this.#ruby?.nameOf(key, place) ?? "?";
  }
}
