/**
 * Stacks as keys: what `kernelStack()` and `userStack()` give, and the maps behind them.
 *
 * @module
 */

import type { Codec } from "../../../ffi/codec/codec.ts";
import { i32, struct, u32, u64 } from "../../../ffi/codec/mod.ts";
import { hash, stackTraces } from "./maps.ts";

/** A stack of the kernel. */
export interface KernelStack {
  /** Its number in `bpf.stacks("stack_traces")`; a negative errno where there is none. */
  readonly id: number;
}

/** A stack of a process, whose addresses mean something in that process only. */
export interface UserStack extends KernelStack {
  /** The process. */
  readonly pid: number;
  /** How many programs it was before: exec(2) gives addresses another meaning. */
  readonly program: number;
}

/** A stack of the kernel in a key or event: `kernelStack()` fills it. */
export const KernelStack: Codec<KernelStack> = struct("kernel_stack", { id: i32 });

/** A stack of a process in a key or event: `userStack()` fills it. */
export const UserStack: Codec<UserStack> = struct("user_stack", {
  id: i32,
  pid: u32,
  program: u32,
});

/** The map of the addresses. */
export const STACK_MAP = "stack_traces";
/** The map of when a process's stack was seen first, as `ktime()` tells. */
export const STACK_TIMES = "stack_times";
const STACKS = 16_384;

export const stackMap = stackTraces({ entries: STACKS });
export const stackTimes = hash(UserStack, u64, { entries: STACKS });
