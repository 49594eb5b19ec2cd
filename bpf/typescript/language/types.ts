/**
 * The types of the language: values in registers and in memory.
 *
 * @module
 */

import type { CompositeType, CType, Member } from "../../../ffi/codec/codec.ts";
import { sizeOf } from "../../../ffi/codec/check_layout.ts";

/** An integer. In a register it has 64 bits, extended by its signedness. */
export interface Int {
  readonly kind: "int";
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
  /**
   * Whether it is one of several nonnegative constants, which can be combined with numbers of
   * either signedness.
   */
  readonly isPlain?: true;
  /** Whether it is in network byte order in memory. */
  readonly bigEndian?: boolean;
}

/** A type of the language. */
export type Type =
  | Int
  | { readonly kind: "bool" }
  | { readonly kind: "text"; readonly size: number }
  | { readonly kind: "array"; readonly element: Type; readonly length: number }
  | { readonly kind: "struct"; readonly shape: CompositeType }
  | KernelStruct
  | KernelPointer;

/** A struct or union of the kernel's own, by its id in the kernel's BTF. */
export interface KernelStruct {
  readonly kind: "kernel";
  readonly id: number;
  /** `struct task_struct`. */
  readonly name: string;
  readonly bytes: number;
}

/** A pointer in kernel memory to a type of the kernel's BTF, which is followed when it is used. */
export interface KernelPointer {
  readonly kind: "pointer";
  readonly to: number;
}

/** What a register holds. */
export type Scalar = Extract<Type, { kind: "int" | "bool" }>;

export const U64: Int = { kind: "int", bits: 64, signed: false };
export const I64: Int = { kind: "int", bits: 64, signed: true };
export const PLAIN: Int = { ...I64, isPlain: true };
export const U32: Int = { kind: "int", bits: 32, signed: false };
export const BOOL: Type & { kind: "bool" } = { kind: "bool" };

/** The type for a codec; undefined if the language cannot represent it. */
export function typeOf(type: CType): Type | undefined {
  switch (type.kind) {
    case "int":
      if (type.name === "_Bool") return BOOL;
      return {
        kind: "int",
        bits: 8 * type.bytes as Int["bits"],
        signed: type.signed,
        ...type.bigEndian ? { bigEndian: true } : {},
      };
    case "enum":
      return { kind: "int", bits: 8 * type.bytes as Int["bits"], signed: type.signed };
    case "pointer":
      return U64;
    case "float":
      return undefined;
    case "array": {
      if (type.element.kind === "int" && type.element.name === "char") {
        return { kind: "text", size: type.length };
      }
      const element = typeOf(type.element);
      return element && { kind: "array", element, length: type.length };
    }
    default:
      return { kind: "struct", shape: type };
  }
}

/** The size in memory in bytes. */
export function sizeOfType(type: Type): number {
  switch (type.kind) {
    case "int":
      return type.bits / 8;
    case "bool":
      return 1;
    case "text":
      return type.size;
    case "array":
      return sizeOfType(type.element) * type.length;
    case "struct":
      return type.shape.bytes;
    case "kernel":
      return type.bytes;
    case "pointer":
      return 8;
  }
}

export function isScalar(type: Type): type is Scalar {
  return type.kind === "int" || type.kind === "bool";
}

/** A type's name in errors. */
export function describeType(type: Type): string {
  switch (type.kind) {
    case "int":
      return `${type.signed ? "i" : "u"}${type.bits}`;
    case "bool":
      return "a boolean";
    case "text":
      return `a text of ${type.size} bytes`;
    case "array":
      return `an array of ${type.length} ${describeType(type.element)}`;
    case "struct":
      return type.shape.name === ""
        ? `a ${type.shape.kind}`
        : `${type.shape.kind} ${type.shape.name}`;
    case "kernel":
      return type.name;
    case "pointer":
      return "a pointer of the kernel";
  }
}

/** The named members of a struct; anonymous structs are replaced by their members. */
export function membersOf(shape: CompositeType, base = 0): Member[] {
  return shape.members.flatMap((member) => {
    const bitOffset = base + member.bitOffset;
    if (member.name !== "") return [{ ...member, bitOffset }];
    const inner = member.type;
    return inner.kind === "struct" || inner.kind === "union" ? membersOf(inner, bitOffset) : [];
  });
}

/** The size of a member in bytes. */
export const memberSize = (member: Member) => sizeOf(member.type);
