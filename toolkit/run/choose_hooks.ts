/**
 * Chooses among alternative hooks by what the kernel has: tracepoints, fentry, kprobes.
 *
 * @module
 */

import { UnsupportedError } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";

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
 * @param ways in order of preference
 * @param machine what to ask for hooks
 * @returns what `programs` of the load options takes
 * @throws {UnsupportedError} naming the hooks that were looked for
 */
export function chooseHooks(
  purpose: string,
  ways: readonly Way[],
  machine: Machine,
): Record<string, boolean> {
  // One that cannot be told may well be there; loading it will say.
  const chosen = ways.findIndex((way) =>
    hooksOf(way).every((hook) => machine.hasHook(hook).answer !== "no")
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
  machine: Machine,
  at: readonly ("enter" | "exit")[] = ["enter", "exit"],
): Record<string, boolean> {
  return Object.fromEntries(calls.flatMap((call) => {
    const exists = machine.hasHook(`tracepoint:syscalls:sys_enter_${call}`).answer !== "no";
    return at.map((place) => [`${place}_${call}`, exists] as const);
  }));
}
