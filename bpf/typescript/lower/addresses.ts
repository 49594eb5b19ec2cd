/**
 * `ip()`: IP addresses, as the kernel has them in many shapes.
 *
 * @module
 */

import type { Base } from "../code/ir.ts";
import type { Expression } from "../language/syntax.ts";
import { type Int, type Type, U32 } from "../language/types.ts";
import { requireInt } from "./arithmetic.ts";
import { settle } from "./declarations.ts";
import { lower } from "./expressions.ts";
import { asLoaded, describeValue, present } from "./loaded.ts";
import { copy, storeScalar } from "./memory.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import type { AddressValue, InMemory } from "./values.ts";

const NETWORK: Int = { ...U32, bigEndian: true };
const BYTE: Type = { kind: "int", bits: 8, signed: false };

/** Compiles the call. */
export function address(program: Program, node: Expression, scope: Scope): AddressValue {
  const value = present(program, node, lower(program, node, scope));
  if (value.kind === "memory") {
    const size = addressSize(value.type);
    if (size !== undefined) {
      return { kind: "address", size, from: settle(program, node, value) as InMemory };
    }
  }
  const isNumber = value.kind === "constant" || value.kind === "register" ||
    value.kind === "memory" && value.type.kind === "int";
  if (!isNumber) {
    throw program.error(
      node,
      `an IP address is 4 or 16 bytes or a number, and this is ${describeValue(value)}`,
    );
  }
  const { operand } = requireInt(program, node, asLoaded(program, node, value), "ip()");
  program.builder.keep();
  return { kind: "address", size: 4, from: operand };
}

/** How many bytes an address of that type has: bytes, or the kernel's struct in6_addr. */
function addressSize(type: Type): 4 | 16 | undefined {
  if (type.kind === "array" && type.element.kind === "int" && type.element.bits === 8) {
    return type.length === 4 || type.length === 16 ? type.length : undefined;
  }
  return type.kind === "kernel" && type.name === "struct in6_addr" ? 16 : undefined;
}

/** Whether a type can hold an address of that size. */
export function holdsAddress(type: Type, size: 4 | 16): boolean {
  if (size === 4 && type.kind === "int") return type.bits === 32 && type.bigEndian === true;
  return type.kind === "array" && addressSize(type) === size;
}

/** Stores an address in the network's order. */
export function storeAddress(
  program: Program,
  { from, size }: AddressValue,
  base: Base,
  offset: number,
): void {
  if (typeof from !== "object") return storeScalar(program, NETWORK, base, offset, from);
  const type: Type = { kind: "array", element: BYTE, length: size };
  copy(program, { ...from, type }, base, offset, size);
}
