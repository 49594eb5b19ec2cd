/**
 * The running kernel's types in terms of the language. Code is compiled for the kernel it runs on,
 * so field offsets come from this kernel's BTF.
 *
 * @module
 */

import { BtfKind } from "../../btf/btf.ts";
import { isBigEndian } from "../../btf/btf_shape.ts";
import { kernelBtf } from "../../btf/kernel_btf.ts";
import { ErrnoError, UnsupportedError } from "../../base/errors.ts";
import type { Int, KernelStruct, Type } from "./types.ts";

/** A field of a kernel struct. */
export interface KernelField {
  readonly name: string;
  /** Undefined for types that the language cannot represent. */
  readonly type: Type | undefined;
  readonly bitOffset: number;
  /** Width in bits of a bit-field. */
  readonly bitSize: number | undefined;
}

/** The kernel's BTF. @throws {UnsupportedError} when it has none */
export function types() {
  try {
    return kernelBtf();
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    throw new UnsupportedError(
      "read the kernel's types",
      "BTF",
      "this kernel has no BTF (/sys/kernel/btf/vmlinux is missing): use one built with " +
        "CONFIG_DEBUG_INFO_BTF",
    );
  }
}

/** The struct or union of that name: `task_struct`, `struct sock`. */
export function kernelStruct(name: string): KernelStruct | undefined {
  const plain = name.replace(/^(?:struct|union) /, "");
  const btf = types();
  const known = STRUCTS.get(plain) ?? btf.find(plain, BtfKind.STRUCT, BtfKind.UNION);
  if (known === undefined) return undefined;
  STRUCTS.set(plain, known);
  return structOf(known);
}

const STRUCTS = new Map<string, number>();

function structOf(id: number): KernelStruct {
  const btf = types();
  const kind = btf.kind(id) === BtfKind.UNION ? "union" : "struct";
  return { kind: "kernel", id, name: `${kind} ${btf.name(id)}`.trim(), bytes: btf.size(id) };
}

/** A type by its id; undefined for one that the language cannot represent. */
export function kernelType(id: number): Type | undefined {
  const btf = types();
  const bigEndian = isBigEndian(btf, id);
  const found = btf.resolve(id);
  const size = btf.size(found);
  switch (btf.kind(found)) {
    case BtfKind.INT: {
      if (size > 8) return undefined;
      const { isBool, isSigned } = btf.encoding(found);
      if (isBool) return { kind: "bool" };
      return int(size, isSigned, bigEndian);
    }
    case BtfKind.ENUM:
    case BtfKind.ENUM64:
      return int(size, btf.isSignedEnum(found), false);
    case BtfKind.PTR:
      return { kind: "pointer", to: btf.resolve(btf.target(found)) };
    case BtfKind.STRUCT:
    case BtfKind.UNION:
      return structOf(found);
    case BtfKind.ARRAY: {
      const of = btf.resolve(btf.target(found));
      const length = btf.arrayLength(found);
      if (btf.kind(of) === BtfKind.INT && btf.name(of) === "char") {
        return { kind: "text", size: length };
      }
      const element = kernelType(btf.target(found));
      return element && { kind: "array", element, length };
    }
    default:
      return undefined;
  }
}

function int(size: number, signed: boolean, bigEndian: boolean): Int {
  const bits = 8 * size as Int["bits"];
  return { kind: "int", bits, signed, ...bigEndian ? { bigEndian } : {} };
}

/** A field of a struct, also one in an anonymous struct or union. */
export function kernelField(struct: KernelStruct, name: string): KernelField | undefined {
  return fieldOf(struct.id, name, 0);
}

function fieldOf(id: number, name: string, base: number): KernelField | undefined {
  const btf = types();
  for (const member of btf.members(id)) {
    const bitOffset = base + member.bitOffset;
    if (member.name === name) {
      const bitSize = member.bitSize || undefined;
      return { name, type: kernelType(member.type), bitOffset, bitSize };
    }
    if (member.name !== "") continue;
    const inner = btf.resolve(member.type);
    if (btf.kind(inner) !== BtfKind.STRUCT && btf.kind(inner) !== BtfKind.UNION) continue;
    const found = fieldOf(inner, name, bitOffset);
    if (found) return found;
  }
  return undefined;
}

/** The names of a struct's fields, including those in anonymous structs. */
export function kernelFieldNames({ id }: KernelStruct): string[] {
  const btf = types();
  const namesOf = (id: number): string[] =>
    btf.members(id).flatMap(({ name, type }) => {
      if (name !== "") return [name];
      const inner = btf.resolve(type);
      const kind = btf.kind(inner);
      return kind === BtfKind.STRUCT || kind === BtfKind.UNION ? namesOf(inner) : [];
    });
  return namesOf(id);
}

/** The parameters and result of a kernel function. */
export interface Prototype {
  /** Its BTF id, the attach target of programs. */
  readonly id: number;
  readonly parameters: readonly { readonly name: string; readonly type: Type | undefined }[];
  /** Undefined without a result, or for a type that the language cannot represent. */
  readonly result: Type | undefined;
  readonly isVoid: boolean;
}

/** A kernel function, from BTF. */
export function kernelFunction(name: string): Prototype | undefined {
  const id = types().functions([name]).get(name);
  return id === undefined ? undefined : prototypeOf(id, types().target(id));
}

/** A tracepoint, from BTF: the kernel's own arguments, by name where there is one. */
export function kernelTracepoint(name: string): Prototype | undefined {
  const btf = types();
  const id = btf.find(`btf_trace_${name}`, BtfKind.TYPEDEF);
  if (id === undefined) return undefined;
  const prototype = prototypeOf(id, btf.resolve(btf.target(btf.resolve(id))));
  const tracer = btf.functions([`__traceiter_${name}`, `__bpf_trace_${name}`]);
  const named = [...tracer.values()].map((each) => btf.parameters(btf.target(each)))
    .find((each) => each.length === prototype.parameters.length && each.every(hasName));
  // The first parameter is the tracer's own data.
  const parameters = prototype.parameters.map((each, i) => ({
    ...each,
    name: named?.[i]?.name ?? each.name,
  })).slice(1);
  return { ...prototype, parameters };
}

const hasName = ({ name }: { readonly name: string }) => name !== "";

function prototypeOf(id: number, prototype: number): Prototype {
  const btf = types();
  const result = btf.target(prototype);
  return {
    id,
    parameters: btf.parameters(prototype).map(({ name, type }) => ({
      name,
      type: kernelType(type),
    })),
    result: kernelType(result),
    isVoid: btf.resolve(result) === 0,
  };
}
