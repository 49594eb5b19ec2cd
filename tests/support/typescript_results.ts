/**
 * Runs kernel functions in TypeScript on given arguments, and reads their results.
 *
 * @module
 */

import { kernel, type OutsideOf, rawTracepoint } from "../../kernel.ts";
import { bool, Bpf, i64, u64 } from "../../mod.ts";
import { runOnce } from "./differential.ts";

/** The globals that programs store results in. */
const RESULTS = { a: u64, b: u64, c: i64, d: i64, yes: bool, no: bool };

/** The context of a raw tracepoint. */
export type Context = { readonly args: readonly bigint[] };
/** The globals as programs see them. */
export type Results = OutsideOf<{ globals: typeof RESULTS }>;

/** Runs a program once on these arguments; returns the globals afterwards. */
export function results(run: (context: Context, out: Results) => unknown, ...args: bigint[]) {
  const program = rawTracepoint<Results>("sys_enter", run);
  using bpf = Bpf.load(kernel({ globals: RESULTS }, { program }));
  runOnce(bpf.program("program"), [...args, 0n, 0n, 0n, 0n, 0n].slice(0, 5));
  const value = (name: keyof typeof RESULTS) => bpf.global(name).value;
  return {
    a: value("a"),
    b: value("b"),
    c: value("c"),
    d: value("d"),
    yes: value("yes"),
    no: value("no"),
  };
}
