/**
 * Operands: values that exist, as numbers or booleans in registers.
 *
 * @module
 */

import type { Operand } from "../code/ir.ts";
import type { Node } from "../language/syntax.ts";
import { BOOL, describeType, I64, isScalar, PLAIN, type Scalar, U64 } from "../language/types.ts";
import { joinTypes } from "./arithmetic.ts";
import { isKernel, kernelAddress } from "./kernel_memory.ts";
import { addressOf, inRegister, loadScalar } from "./memory.ts";
import { unknownName } from "./near_names.ts";
import type { Program } from "./program.ts";
import { constant, type Loaded, type Value } from "./values.ts";

/**
 * A value as a number or boolean. @throws {KernelCodeError} when it is neither, or may be missing
 */
export function asLoaded(program: Program, node: Node, value: Value): Loaded {
  const found = present(program, node, value);
  switch (found.kind) {
    case "constant":
      return {
        operand: found.value,
        type: found.type === "bool" ? BOOL : found.value < 0n ? I64 : undefined,
      };
    case "register":
      return { operand: found.reg, type: found.type };
    case "memory":
      if (isScalar(found.type)) return asLoaded(program, node, loadScalar(program, found));
      if (isKernel(found)) return { operand: kernelAddress(program, found), type: U64 };
      if (found.type.kind === "array" && found.access === "kernel") {
        return { operand: addressOf(program, found.base, found.offset), type: U64 };
      }
      throw program.error(node, `expected a number, found ${describeType(found.type)}`);
    default: {
      const unknown = found.kind === "unmade" ? unknownName(found.name) : undefined;
      const told = unknown ?? noNumber(found) ?? `expected a number, found ${describeValue(found)}`;
      throw program.error(node, told);
    }
  }
}

/** A value that is there. @throws {KernelCodeError} when it may be missing */
export function present(program: Program, node: Node, value: Value): Value {
  if (value.kind === "global") {
    const { offset, type } = program.outside.globals.get(value.name)!;
    const base = program.builder.mapValue(program.outside.section, offset);
    return { kind: "memory", base, offset: 0, type, access: "direct" };
  }
  if (value.kind === "computed") return value.make();
  if (value.kind !== "optional") return value;
  if (!program.known.has(value.pointer) && !value.isLenient) {
    throw program.error(
      node,
      "this may be undefined: check it first, if (x === undefined) return, or give another value, " +
        "x ?? 0",
    );
  }
  if (value.value !== undefined) {
    return { kind: "register", reg: value.value, type: value.type as Scalar };
  }
  const { pointer: base, type, access, readOnly } = value;
  return { kind: "memory", base, offset: 0, type, access, ...readOnly ? { readOnly } : {} };
}

/**
 * The error for a property of texts that JavaScript has and the language lacks; undefined for other
 * values.
 */
function noNumber(value: Value): string | undefined {
  if (value.kind !== "method" || value.object.kind === "map" || value.object.kind === "packet") {
    return undefined;
  }
  return `texts have no ${value.name} in the kernel: compare them whole, or by includes("…")`;
}

/** The value of an operation. */
export function asValue(program: Program, { operand, type }: Loaded): Value {
  if (typeof operand === "bigint" && type === undefined) return constant(operand);
  const reg = inRegister(program, operand as Operand);
  return { kind: "register", reg, type: type ?? I64 };
}

/** How errors name a value. */
export function describeValue(value: Value): string {
  switch (value.kind) {
    case "string":
    case "made":
      return "a text";
    case "undefined":
    case "void":
      return "nothing";
    case "fields":
    case "elements":
      return value.what;
    case "map":
      return `map ${value.name}`;
    case "builtin":
      return `the function ${value.builtin}`;
    case "method":
      return `the method ${value.name}`;
    case "stack":
      return "a stack";
    case "address":
      return "an IP address";
    case "object":
      return "an object";
    case "constant":
      return value.type === "bool" ? "a boolean" : "a number";
    case "register":
    case "memory":
    case "optional":
      return isScalar(value.type)
        ? value.type.kind === "bool" ? "a boolean" : "a number"
        : value.type.kind === "text"
        ? "a text"
        : describeType(value.type);
    case "computed":
      return "a number";
    case "outside":
      return "what comes from outside";
    case "global":
      return `the global ${value.name}`;
    case "unmade":
      return `${value.name}, which nothing is called here`;
    default:
      return `a ${value.kind}`;
  }
}

/** The common type of a value from two branches. */
export function joined(program: Program, node: Node, a: Loaded, b: Loaded): Scalar {
  if (a.type === undefined && b.type === undefined) return PLAIN;
  const type = joinTypes(signOf(a), signOf(b));
  if (type) return type;
  throw program.error(
    node,
    `one of these values is ${describeType(a.type ?? I64)}, the other ${
      describeType(b.type ?? I64)
    }: bring them together by signed(…) or unsigned(…)`,
  );
}

const signOf = ({ operand, type }: Loaded) =>
  type ?? (typeof operand === "bigint" && operand < 0n ? I64 : undefined);
