/**
 * Stacks as keys: the results of `kernelStack()` and `userStack()`, and the maps behind them.
 *
 * @module
 */

import type { Codec } from "../../../ffi/codec/codec.ts";
import { i32, struct, u32, u64 } from "../../../ffi/codec/mod.ts";
import { hash, stackTraces } from "./maps.ts";

/** A kernel stack. */
export interface KernelStack {
  /** Its id in `bpf.stacks("stack_traces")`; a negative errno where there is none. */
  readonly id: number;
}

/** A user stack, whose addresses are valid in that process only. */
export interface UserStack extends KernelStack {
  /** The process. */
  readonly pid: number;
  /** How often the process had called exec: addresses change their meaning then. */
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

/** The map of stack traces. */
export const STACK_MAP = "stack_traces";
/** The map with the time when each user stack was first seen, on the clock of `ktime()`. */
export const STACK_TIMES = "stack_times";
const STACKS = 16_384;

export const stackMap = stackTraces({ entries: STACKS });
export const stackTimes = hash(UserStack, u64, { entries: STACKS });
