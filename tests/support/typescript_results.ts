/**
 * Programs of TypeScript that compute something of arguments, and what they give.
 *
 * @module
 */

import { kernel, type OutsideOf, rawTracepoint } from "../../kernel.ts";
import { bool, Bpf, i64, u64 } from "../../mod.ts";
import { runOnce } from "./differential.ts";

/** The globals that programs store results in. */
const RESULTS = { a: u64, b: u64, c: i64, d: i64, yes: bool, no: bool };

/** What a raw tracepoint tells. */
export type Context = { readonly args: readonly bigint[] };
/** What programs store. */
export type Results = OutsideOf<{ globals: typeof RESULTS }>;

/** What a program stores in the globals, after one run. */
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
