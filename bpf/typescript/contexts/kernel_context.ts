/**
 * The parameters of kernel functions, from the kernel's BTF.
 *
 * @module
 */

import { Errno } from "../../../ffi/libc/errno.ts";
import { BpfError } from "../../base/errors.ts";
import type { Hook } from "../language/hooks.ts";
import { kernelFunction, kernelTracepoint, type Prototype } from "../language/kernel_types.ts";
import { I64, sizeOfType, type Type } from "../language/types.ts";
import type { Program } from "../lower/program.ts";
import type { Value } from "../lower/values.ts";
import { at, elements, fields, word } from "./parts.ts";
import type { RegisterOffsets } from "../../tables/registers.ts";

type Tracing = Extract<
  Hook,
  { readonly kind: "btfTracepoint" | "fentry" | "fexit" | "modifyReturn" | "iterator" | "lsm" }
>;
type Registers = RegisterOffsets;

/** What a hook's function takes, and its BTF id. @throws {BpfError} when this kernel has none */
export function prototypeFor(program: string, hook: Tracing): Prototype {
  const { kind, name } = hook;
  const found = kind === "btfTracepoint" ? kernelTracepoint(name) : kernelFunction(symbol(hook));
  if (found) return found;
  const action = `compile program "${program}" for ${describe(hook)}`;
  throw new BpfError("load", action, Errno.ENOENT, REASONS[kind](name));
}

const symbol = ({ kind, name }: Tracing) =>
  kind === "iterator" ? `bpf_iter_${name}` : kind === "lsm" ? `bpf_lsm_${name}` : name;

const describe = ({ kind, name }: Tracing) =>
  kind === "btfTracepoint"
    ? `BTF tracepoint ${name}`
    : kind === "lsm"
    ? `LSM ${name}`
    : `${kind} ${name}`;

const noFunction = (name: string) =>
  `this kernel's BTF has no function ${name}: it does not exist, is inlined, or is a module's`;

const REASONS: Readonly<Record<Tracing["kind"], (name: string) => string>> = {
  btfTracepoint: (name) =>
    `this kernel has no tracepoint ${name}; list them in /sys/kernel/tracing/events (their name is ` +
    "given without category)",
  fentry: noFunction,
  fexit: noFunction,
  modifyReturn: noFunction,
  iterator: (name) =>
    `this kernel cannot go over "${name}": bpftool feature and the functions bpf_iter_… of ` +
    "/proc/kallsyms tell what it can",
  lsm: (name) =>
    `this kernel asks no security module about "${name}": see bpf_lsm_… of /proc/kallsyms`,
};

/** The context of programs with the kernel's own arguments: eight bytes each. */
export function tracingContext(program: Program, hook: Tracing): Value {
  const prototype = prototypeFor(program.source.name, hook);
  const known: Record<string, Value> = {};
  const args: Value[] = [];
  let offset = 0;
  prototype.parameters.forEach(({ name, type }) => {
    const value = argument(program, offset, type);
    args.push(value);
    // A struct passed by value has no representation in the language.
    if (name !== "" && type?.kind !== "kernel") known[name] = value;
    offset += type ? Math.ceil(sizeOfType(type) / 8) * 8 : 8;
  });
  const isReturnKnown = hook.kind === "fexit" || hook.kind === "modifyReturn";
  if (isReturnKnown && !prototype.isVoid) {
    known.returned ??= argument(program, offset, prototype.result);
  }
  known.args ??= { kind: "elements", what: "the arguments", elements: args };
  return fields(describe(hook), known);
}

/** A value of the context. */
function argument(program: Program, offset: number, type: Type | undefined): Value {
  if (!type || type.kind === "kernel") return word(program, offset);
  return at(program, offset, type);
}

/** The context of a kprobe: registers, mapped to the function's parameters if it has BTF. */
export function kprobeContext(
  program: Program,
  { kind, name }: { readonly kind: "kprobe" | "kretprobe"; readonly name: string },
  { args, result, ip, sp }: Registers,
): Value {
  const prototype = knownFunction(name);
  if (kind === "kretprobe") {
    return at(program, result, prototype?.result ?? I64);
  }
  const known: Record<string, Value> = {};
  for (const [i, { name, type }] of (prototype?.parameters ?? []).entries()) {
    // A struct passed by value shifts the registers of later arguments.
    if (i >= args.length || !type || type.kind === "kernel") break;
    if (name !== "") known[name] = argument(program, args[i]!, type);
  }
  return fields(`kprobe ${name}`, {
    ...known,
    args: elements(program, "the arguments", args),
    ip: word(program, ip),
    sp: word(program, sp),
  });
}

/** A kernel without BTF has kprobes, too. */
function knownFunction(name: string): Prototype | undefined {
  try {
    return kernelFunction(name);
  } catch {
    return undefined;
  }
}
