/**
 * The hooks of programs, for `kernel({ programs })`.
 *
 * @module
 */

import type { PerfEventOptions } from "../../attach/perf_event.ts";
import type { UprobeOptions } from "../../attach/uprobe_options.ts";
import type { IteratorOptions } from "../../attach/iterator.ts";
import type { UsdtOptions } from "../../usdt/usdt.ts";
import type { TcTarget, XdpTarget } from "./network_hooks.ts";
import type { TracepointFields } from "./known_kernel.ts";
import { callSite } from "./source.ts";

/** The hook of a program. */
export type Hook =
  | { readonly kind: "tracepoint"; readonly category: string; readonly name: string }
  | { readonly kind: "rawTracepoint"; readonly name: string }
  | { readonly kind: "btfTracepoint"; readonly name: string }
  | { readonly kind: "kprobe" | "kretprobe"; readonly name: string }
  | { readonly kind: "fentry" | "fexit" | "modifyReturn"; readonly name: string }
  | { readonly kind: "uprobe" | "uretprobe"; readonly options: UprobeOptions | undefined }
  | { readonly kind: "usdt"; readonly options: UsdtOptions }
  | { readonly kind: "perfEvent"; readonly options: PerfEventOptions | undefined }
  | {
    readonly kind: "iterator";
    readonly name: string;
    readonly options: IteratorOptions | undefined;
  }
  | { readonly kind: "lsm"; readonly name: string }
  | { readonly kind: "xdp"; readonly target: XdpTarget | undefined }
  | { readonly kind: "tc"; readonly target: TcTarget | undefined }
  | { readonly kind: "socketFilter" };

/** A program: a function and its hook. `Outside` is the type of the function's second parameter. */
export interface ProgramDefinition<Outside> {
  /** The hook. */
  readonly hook: Hook;
  /** The function: it is compiled, never called. */
  readonly run: (context: never, outside: Outside) => unknown;
  /** Where it was written: `/home/me/opens.ts:12:3`. */
  readonly site: string | undefined;
  /** Carries a type parameter; it has no value. */
  readonly outside?: Outside;
}

export type { Fields } from "./known_kernel.ts";

/** The registers at a probe of a user or kernel function. */
export interface Registers {
  /** The function's arguments, as 64-bit numbers. */
  readonly args: readonly bigint[];
  /** The address of the instruction. */
  readonly ip: bigint;
  /** The stack pointer. */
  readonly sp: bigint;
}

/** The sample at a perf event. */
export interface Sample {
  /** The address of the instruction. */
  readonly ip: bigint;
  /** How many events the sample stands for. */
  readonly period: bigint;
}

/** A program at a hook. */
export function program<Outside>(
  hook: Hook,
  run: (context: never, outside: Outside) => unknown,
): ProgramDefinition<Outside> {
  return { hook, run, site: callSite() };
}

/**
 * Runs at a tracepoint, `category/name`: its fields are those of its format file in tracefs.
 *
 * @throws {TypeError} for a name without category
 */
export function tracepoint<Outside, N extends string = string>(
  name: N,
  run: (context: TracepointFields<N>, outside: Outside) => unknown,
): ProgramDefinition<Outside> {
  const [category, event, more] = name.split(/[/:]/);
  if (!category || !event || more !== undefined) {
    throw new TypeError(
      `Cannot trace "${name}": expected "category/name", such as "sched/sched_switch"`,
    );
  }
  return program({ kind: "tracepoint", category, name: event }, run);
}

/** Runs at a tracepoint with the kernel's own arguments, as 64-bit numbers. */
export function rawTracepoint<Outside>(
  name: string,
  run: (context: { readonly args: readonly bigint[] }, outside: Outside) => unknown,
): ProgramDefinition<Outside> {
  return program({ kind: "rawTracepoint", name }, run);
}

/** Runs when a user function is called. Without options {@linkcode Program.attachUprobe} attaches it. */
export function uprobe<Outside>(
  options: UprobeOptions | undefined,
  run: (context: Registers, outside: Outside) => unknown,
): ProgramDefinition<Outside> {
  return program({ kind: "uprobe", options }, run);
}

/** Runs when a user function returns: its first parameter is what the function returns. */
export function uretprobe<Outside>(
  options: UprobeOptions | undefined,
  run: (returned: bigint, outside: Outside) => unknown,
): ProgramDefinition<Outside> {
  return program({ kind: "uretprobe", options }, run);
}

/**
 * Runs at a USDT probe: `args` are its arguments. Needs Linux >= 4.20, 5.15 where it has several
 * locations.
 */
export function usdt<Outside>(
  options: UsdtOptions,
  run: (context: { readonly args: readonly bigint[] }, outside: Outside) => unknown,
): ProgramDefinition<Outside> {
  return program({ kind: "usdt", options }, run);
}

/** Runs at samples of a clock or counter. */
export function perfEvent<Outside>(
  options: PerfEventOptions | undefined,
  run: (context: Sample, outside: Outside) => unknown,
): ProgramDefinition<Outside> {
  return program({ kind: "perfEvent", options }, run);
}
