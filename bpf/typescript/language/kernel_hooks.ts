/**
 * Where programs run at the kernel's own functions.
 *
 * @module
 */

import type { IteratorOptions } from "../../attach/iterator.ts";
import { program, type ProgramDefinition, type Registers } from "./hooks.ts";
import type { BtfTracepointFields, CallOf, ParametersOf, ReturnedBy } from "./known_kernel.ts";

/**
 * Runs when a kernel function is called: its parameters by their names, where the kernel's BTF knows
 * the function, `args` by number, `ip` and `sp`.
 */
export function kprobe<Outside, N extends string = string>(
  name: N,
  run: (context: ParametersOf<N> & Registers, outside: Outside) => unknown,
): ProgramDefinition<Outside> {
  return program({ kind: "kprobe", name }, run);
}

/** Runs when a kernel function returns: its first parameter is what the function returns. */
export function kretprobe<Outside, N extends string = string>(
  name: N,
  run: (returned: ReturnedBy<N>, outside: Outside) => unknown,
): ProgramDefinition<Outside> {
  return program({ kind: "kretprobe", name }, run);
}

/** Runs when a kernel function is called, cheaper than a kprobe. Needs Linux >= 5.5 with BTF. */
export function fentry<Outside, N extends string = string>(
  name: N,
  run: (context: ParametersOf<N>, outside: Outside) => unknown,
): ProgramDefinition<Outside> {
  return program({ kind: "fentry", name }, run);
}

/** Runs when a kernel function returns: its parameters, and `returned`. Needs Linux >= 5.5 with BTF. */
export function fexit<Outside, N extends string = string>(
  name: N,
  run: (context: CallOf<N>, outside: Outside) => unknown,
): ProgramDefinition<Outside> {
  return program({ kind: "fexit", name }, run);
}

/**
 * Runs before a kernel function, and in its place if it returns another number than 0, which the caller then
 * gets. Only functions that the kernel lets be replaced: those of security modules, such as
 * `security_inode_mkdir`, and where it was built with CONFIG_FUNCTION_ERROR_INJECTION those that
 * /sys/kernel/debug/error_injection/list names. Needs Linux >= 5.7 with BTF.
 */
export function modifyReturn<Outside, N extends string = string>(
  name: N,
  run: (context: CallOf<N>, outside: Outside) => number | bigint | void,
): ProgramDefinition<Outside> {
  return program({ kind: "modifyReturn", name }, run);
}

/** Runs at a tracepoint with the kernel's own arguments, typed by its BTF. Needs Linux >= 5.5. */
export function btfTracepoint<Outside, N extends string = string>(
  name: N,
  run: (context: BtfTracepointFields<N>, outside: Outside) => unknown,
): ProgramDefinition<Outside> {
  return program({ kind: "btfTracepoint", name }, run);
}

/**
 * Runs for each object of a kind, such as `task` or `bpf_map`, when the link's text is read:
 * {@linkcode Program.attachIterator}. Needs Linux >= 5.8.
 */
export function iterator<Outside, N extends string = string>(
  name: N,
  run: (context: ParametersOf<`bpf_iter_${N}`>, outside: Outside) => unknown,
  options?: IteratorOptions,
): ProgramDefinition<Outside> {
  return program({ kind: "iterator", name, options }, run);
}

/**
 * Runs where the kernel asks whether something is allowed, such as `file_open`: 0 allows, a negative
 * errno forbids. Needs Linux >= 5.7 with BPF among its security modules.
 */
export function lsm<Outside, N extends string = string>(
  name: N,
  run: (context: ParametersOf<`bpf_lsm_${N}`>, outside: Outside) => number | bigint | void,
): ProgramDefinition<Outside> {
  return program({ kind: "lsm", name }, run);
}
