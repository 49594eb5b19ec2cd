/**
 * Chooses among alternative hooks by what the kernel has: tracepoints, fentry, kprobes.
 *
 * @module
 */

import { UnsupportedError } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";

/** A hook, and the programs for it. */
export interface HookChoice {
  /** `tracepoint:block:block_io_start`, `fentry:FUNCTION`, `kprobe:FUNCTION`. */
  readonly hook: string;
  /** Other hooks that the programs need as well. */
  readonly also?: readonly string[];
  /** The programs to load. */
  readonly programs: readonly string[];
}

/**
 * Chooses the first alternative that this kernel supports; the programs of the others are disabled.
 *
 * @param purpose continues "Cannot trace …"
 * @param choices in order of preference
 * @param machine which hooks there are
 * @returns the `programs` of the load options
 * @throws {UnsupportedError} naming the hooks that were looked for
 */
export function chooseHooks(
  purpose: string,
  choices: readonly HookChoice[],
  machine: Machine,
): Record<string, boolean> {
  // A hook of unknown support may well exist; loading will show.
  const chosen = choices.findIndex((choice) =>
    hooksOf(choice).every((hook) => machine.hasHook(hook).answer !== "no")
  );
  if (chosen < 0) {
    const looked = choices.map((choice) => hooksOf(choice).join(" with ")).join(", ");
    throw new UnsupportedError(`trace ${purpose}`, looked, `this kernel has none of: ${looked}`);
  }
  const programs = choices.flatMap((choice, i) =>
    choice.programs.map((program) => [program, i === chosen] as const)
  );
  // A program may belong to several alternatives.
  return Object.fromEntries(programs.toSorted(([, a], [, b]) => Number(a) - Number(b)));
}

const hooksOf = ({ hook, also = [] }: HookChoice) => [hook, ...also];

/**
 * Disables programs of system calls that this kernel lacks: newer architectures have no open(2) or
 * stat(2), older kernels none of the newest calls.
 *
 * @param calls named like their tracepoints
 * @param at which programs each call has, named like AT_ENTRY and AT_EXIT of prelude.h
 * @returns the `programs` of the load options
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
