/**
 * Kernel structs: following pointers and finding fields, by the running kernel's BTF.
 *
 * Memory is read by a helper that gives 0 on failure, so that a chain through a null pointer gives
 * 0 as well, and no pointer has to be checked.
 *
 * @module
 */

import type { Reg } from "../code/ir.ts";
import { kernelField, kernelFieldNames, kernelType } from "../language/kernel_types.ts";
import type { Node } from "../language/syntax.ts";
import { type KernelPointer, type KernelStruct, sizeOfType, U64 } from "../language/types.ts";
import { addressOf, loadRaw } from "./memory.ts";
import type { Program } from "./program.ts";
import type { InMemory, Value } from "./values.ts";

const MOST_NAMES = 30;

/** A kernel struct or a pointer in kernel memory. */
export type InKernel = InMemory & { readonly type: KernelStruct | KernelPointer };

/** Whether a value is a kernel struct or a pointer to something of the kernel's. */
export function isKernel(value: Value): value is InKernel {
  return value.kind === "memory" && (value.type.kind === "kernel" || value.type.kind === "pointer");
}

/** The address of a kernel struct, or what a pointer holds. */
export function kernelAddress(program: Program, place: InMemory): Reg {
  if (place.type.kind === "kernel") return addressOf(program, place.base, place.offset);
  const { builder } = program;
  const loaded = loadRaw(program, place, 8);
  if (place.base !== program.context || place.access !== "direct") return loaded;
  // The verifier knows the context's pointers and forbids arithmetic on some of them. Only their
  // numeric value is needed here, which remains after two byte swaps.
  return builder.swap(builder.swap(loaded, 64), 64);
}

/** What a pointer points to, or its numeric value if that is no struct. */
export function follow(program: Program, value: InMemory): Value {
  if (value.type.kind !== "pointer") return value;
  const reg = kernelAddress(program, value);
  program.builder.keep();
  const type = kernelType(value.type.to);
  if (type?.kind !== "kernel") return { kind: "register", reg, type: U64 };
  return { kind: "memory", base: reg, offset: 0, type, access: "kernel" };
}

/** The struct itself, or the target of a pointer, without reading it. */
export function structBehind({ type }: InMemory) {
  const found = type.kind === "pointer" ? kernelType(type.to) : type;
  return found?.kind === "kernel" ? found : undefined;
}

/** A field of a kernel struct, or of a pointer's target. */
export function kernelMember(
  program: Program,
  node: Node,
  object: InMemory,
  name: string,
): InMemory {
  const struct = structBehind(object);
  if (!struct) {
    throw program.error(
      node,
      `this is a pointer to no struct that this kernel describes, so it has no field "${name}": ` +
        'cast(pointer, "struct NAME") says what it points to',
    );
  }
  const found = kernelField(struct, name);
  if (!found) {
    const names = kernelFieldNames(struct);
    const rest = names.length - MOST_NAMES;
    throw program.error(
      node,
      `${struct.name} of this kernel has no field "${name}": it has ` +
        names.slice(0, MOST_NAMES).join(", ") + (rest > 0 ? ` and ${rest} more` : "") +
        `; has(…, "${name}") asks for one that other kernels may have`,
    );
  }
  const { type, bitOffset, bitSize } = found;
  if (!type) {
    throw program.error(node, `field "${name}" is of a kind that programs have no values of`);
  }
  const place = follow(program, object) as InMemory;
  if (bitSize === undefined) return { ...place, offset: place.offset + bitOffset / 8, type };
  const bytes = sizeOfType(type);
  const unit = Math.floor(bitOffset / (8 * bytes)) * bytes;
  const bits = { width: bitSize, shift: bitOffset - 8 * unit };
  return { ...place, offset: place.offset + unit, type, bits };
}
