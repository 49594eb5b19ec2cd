/**
 * Choosing among the places in the kernel where a tool can see the same thing.
 *
 * @module
 */

import {
  type Answer,
  hasFentry,
  hasKernelFunction,
  hasKprobe,
  hasTracepoint,
  UnsupportedError,
} from "../../mod.ts";

/** A place, and the programs that serve it. */
export interface Way {
  /** `tracepoint:block:block_io_start`, `fentry:FUNCTION`, `kprobe:FUNCTION`. */
  readonly hook: string;
  /** Others that the programs need besides. */
  readonly also?: readonly string[];
  /** The programs to load. */
  readonly programs: readonly string[];
}

/**
 * Chooses the first way that this kernel has; the programs of the others are switched off.
 *
 * @param purpose what it is for, as it continues "Cannot trace …"
 * @returns what `programs` of the load options takes
 * @throws {UnsupportedError} naming the hooks that were looked for
 */
export function chooseHooks(purpose: string, ways: readonly Way[]): Record<string, boolean> {
  // One that cannot be told may well be there; loading it will say.
  const chosen = ways.findIndex((way) =>
    hooksOf(way).every((hook) => hasHook(hook).answer !== "no")
  );
  if (chosen < 0) {
    const looked = ways.map((way) => hooksOf(way).join(" with ")).join(", ");
    throw new UnsupportedError(`trace ${purpose}`, looked, `this kernel has none of: ${looked}`);
  }
  const programs = ways.flatMap((way, i) =>
    way.programs.map((program) => [program, i === chosen] as const)
  );
  // A program may serve several ways.
  return Object.fromEntries(programs.toSorted(([, a], [, b]) => Number(a) - Number(b)));
}

const hooksOf = ({ hook, also = [] }: Way) => [hook, ...also];

/** Whether the kernel has a hook, told as {@linkcode Way} does. */
export function hasHook(hook: string): Answer {
  const [kind, ...rest] = hook.split(":");
  const name = rest.join(":");
  switch (kind) {
    case "tracepoint":
      return hasTracepoint(rest[0]!, rest[1]!);
    case "fentry":
    case "kprobe": {
      const can = kind === "fentry" ? hasFentry() : hasKprobe();
      return can.answer === "no" ? can : hasKernelFunction(name);
    }
    default:
      throw new TypeError(`Cannot look for hook "${hook}": expected tracepoint, fentry or kprobe`);
  }
}

/**
 * Switches off the programs of system calls that this kernel has not: newer architectures have no
 * open(2) or stat(2), older kernels have none of the newest.
 *
 * @param calls as their tracepoints name them
 * @param at which programs each has, as AT_ENTRY and AT_EXIT of prelude.h name them
 * @returns what `programs` of the load options takes
 */
export function syscallPrograms(
  calls: readonly string[],
  at: readonly ("enter" | "exit")[] = ["enter", "exit"],
): Record<string, boolean> {
  return Object.fromEntries(calls.flatMap((call) => {
    const exists = hasTracepoint("syscalls", `sys_enter_${call}`).answer !== "no";
    return at.map((place) => [`${place}_${call}`, exists] as const);
  }));
}
