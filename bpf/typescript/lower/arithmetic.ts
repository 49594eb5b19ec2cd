/**
 * Operators on numbers: 64 bits wide, wrapping; signed as documented.
 *
 * @module
 */

import type { Arithmetic, Operand, Test } from "../code/ir.ts";
import type { Node } from "../language/syntax.ts";
import { I64, type Int, type Scalar, U64 } from "../language/types.ts";
import type { Program } from "./program.ts";
import type { Loaded } from "./values.ts";

/** A number and its type; a nonnegative constant has none: it fits any. */
export interface IntOperand {
  readonly operand: Operand;
  readonly type: Int | undefined;
}

const FUNCTIONS: Readonly<Record<string, Arithmetic>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "&": "and",
  "|": "or",
  "^": "xor",
  "<<": "lsh",
};

/** The result of an arithmetic operator. @throws {KernelCodeError} for mixed signs where they matter */
export function arithmetic(
  program: Program,
  node: Node,
  operator: string,
  left: Loaded,
  right: Loaded,
): Loaded {
  const a = requireInt(program, node, left, operator);
  const b = requireInt(program, node, right, operator);
  const { builder } = program;
  if (operator === "<<" || operator === ">>" || operator === ">>>") {
    checkShift(program, node, b.operand);
    const signed = (a.type ?? I64).signed;
    if (operator === ">>>" && signed && a.type) {
      throw program.error(
        node,
        "JavaScript's >>> takes the lowest 32 bits, and this is a signed number: write unsigned(x, 32) >> n for " +
          "that, or unsigned(x) >> n for all 64",
      );
    }
    const fn = operator === "<<" ? "lsh" : operator === ">>" && signed ? "arsh" : "rsh";
    const type = operator === ">>>" || !signed ? U64 : I64;
    return { operand: builder.alu(fn, a.operand, b.operand), type };
  }
  if (operator === "/" || operator === "%") {
    const signed = commonSign(program, node, operator, a, b);
    if (b.operand === 0n) throw program.error(node, "this divides by zero");
    const fn = operator === "/" ? "div" : "mod";
    const operand = signed
      ? signedDivision(program, fn, a.operand, b.operand)
      : builder.alu(fn, a.operand, b.operand);
    return { operand, type: signed ? I64 : U64 };
  }
  const fn = FUNCTIONS[operator];
  if (!fn) throw program.error(node, `the operator ${operator} is not in the language`);
  return { operand: builder.alu(fn, a.operand, b.operand), type: resultType(a, b) };
}

/** The type of a sum and the like: unsigned if a 64-bit unsigned operand takes part. */
function resultType(a: IntOperand, b: IntOperand): Int {
  const types = [a.type, b.type].filter((type) => type !== undefined);
  const isSigned = types.some(({ signed }) => signed) || types.length === 0;
  if (!isSigned) return U64;
  // A negative constant takes the signedness of the other operand: x & -4096, x + -1.
  const constantOnly = types.every((type) => !type.signed || isNegativeConstant(type, a, b));
  if (constantOnly && types.some(({ signed }) => !signed)) return U64;
  return types.some(({ signed, bits }) => !signed && bits === 64) ? U64 : I64;
}

const isNegativeConstant = (type: Int, a: IntOperand, b: IntOperand) =>
  type === a.type && typeof a.operand === "bigint" ||
  type === b.type && typeof b.operand === "bigint";

/**
 * Whether a sign-dependent operator is the signed one. Unsigned numbers of up to 32 bits can be
 * used as signed; 64-bit ones of both signednesses cannot be mixed.
 */
export function commonSign(
  program: Program,
  node: Node,
  operator: string,
  a: IntOperand,
  b: IntOperand,
): boolean {
  const all = [a.type, b.type].filter((type) => type !== undefined);
  const firm = all.filter(({ isPlain }) => !isPlain);
  const types = firm.length > 0 ? firm : all;
  if (types.length === 0) return true;
  const anySigned = types.some(({ signed }) => signed);
  if (!anySigned) return false;
  const wide = types.some(({ signed, bits }) => !signed && bits === 64);
  const negative = [a, b].find(({ operand }) => typeof operand === "bigint" && operand < 0n);
  const unsigned = types.some(({ signed }) => !signed);
  if (negative && unsigned) {
    throw program.error(
      node,
      `one side of "${operator}" is unsigned and never negative, the other is ${negative.operand}: ` +
        "write signed(…) around the first if it is meant to be negative",
    );
  }
  if (!wide) return true;
  throw program.error(
    node,
    `one side of "${operator}" is a signed and one an unsigned number of 64 bits: say how to take ` +
      "them, by signed(…) or unsigned(…) around one of them",
  );
}

function checkShift(program: Program, node: Node, by: Operand): void {
  if (typeof by === "bigint" && (by < 0n || by > 63n)) {
    throw program.error(node, `cannot shift by ${by}: 0 to 63 are possible`);
  }
}

/**
 * Signed division by unsigned instructions, because the kernel has signed ones only since 6.6:
 * divides the absolute values and corrects the sign.
 */
export function signedDivision(
  program: Program,
  fn: "div" | "mod",
  a: Operand,
  b: Operand,
): Operand {
  const { builder } = program;
  const sign = (value: Operand) => builder.alu("arsh", value, 63n);
  const flip = (value: Operand, mask: Operand) =>
    mask === 0n ? value : builder.alu("sub", builder.alu("xor", value, mask), mask);
  const [signA, signB] = [sign(a), sign(b)];
  const quotient = builder.alu(fn, flip(a, signA), flip(b, signB));
  if (fn === "mod") return flip(quotient, signA);
  return flip(quotient, signB === 0n ? signA : builder.alu("xor", signA, signB));
}

const TESTS: Readonly<Record<string, readonly [unsigned: Test, signed: Test]>> = {
  "<": ["lt", "slt"],
  "<=": ["le", "sle"],
  ">": ["gt", "sgt"],
  ">=": ["ge", "sge"],
};

/** A comparison; `mixed` if one side is signed and the other a 64-bit unsigned number. */
export interface Comparison {
  readonly test: Test;
  readonly mixed: boolean;
}

/** The test of a comparison. */
export function testFor(
  program: Program,
  node: Node,
  operator: string,
  left: Loaded,
  right: Loaded,
): Comparison {
  if (left.type?.kind === "bool" || right.type?.kind === "bool") {
    const both = isBool(left) && isBool(right);
    if (both && isEquality(operator)) return { test: equality(operator), mixed: false };
    throw program.error(node, `"${operator}" cannot compare a boolean with a number`);
  }
  const a = requireInt(program, node, left, operator);
  const b = requireInt(program, node, right, operator);
  refuseSenseless(program, node, operator, a, b);
  const mixed = isMixed(a, b);
  const signed = !mixed && commonSign(program, node, operator, a, b);
  const test = isEquality(operator) ? equality(operator) : TESTS[operator]![signed ? 1 : 0];
  return { test, mixed };
}

/** Whether one number may be negative and the other above all signed ones. */
function isMixed(a: IntOperand, b: IntOperand): boolean {
  const signed = [a, b].some(({ operand, type }) => typeof operand === "number" && type?.signed);
  const wide = [a, b].some(({ type }) => type && !type.signed && type.bits === 64);
  return signed && wide;
}

const equality = (operator: string): Test => operator.startsWith("!") ? "ne" : "eq";

export const isEquality = (operator: string) => /^[!=]==?$/.test(operator);

const isBool = ({ type }: Loaded) => type?.kind === "bool";

/** Refuses comparisons that have one result only, such as `unsigned < 0`, which is always false. */
function refuseSenseless(
  program: Program,
  node: Node,
  operator: string,
  a: IntOperand,
  b: IntOperand,
): void {
  const isZero = ({ operand }: IntOperand) => operand === 0n;
  const isUnsigned = ({ type }: IntOperand) => type !== undefined && !type.signed;
  const always = isUnsigned(a) && isZero(b) && (operator === "<" || operator === ">=") ||
    isZero(a) && isUnsigned(b) && (operator === ">" || operator === "<=");
  if (!always) return;
  throw program.error(
    node,
    "this number is unsigned and never below 0: write signed(…) around it if it may be",
  );
}

/** A number. @throws {KernelCodeError} for a boolean */
export function requireInt(
  program: Program,
  node: Node,
  { operand, type }: Loaded,
  operator: string,
): IntOperand {
  if (type?.kind === "bool") {
    throw program.error(
      node,
      `"${operator}" is for numbers, and this is a boolean: write condition ? 1 : 0`,
    );
  }
  if (type === undefined && typeof operand === "bigint" && operand < 0n) {
    return { operand, type: I64 };
  }
  return { operand, type };
}

/** The type of 64 bits with the same sign. */
const wide = (type: Int): Int => type.bits === 64 ? type : type.signed ? I64 : U64;

/** The type that can hold both values; undefined when there is none. */
export function joinTypes(a: Scalar | undefined, b: Scalar | undefined): Scalar | undefined {
  if (a === undefined || b === undefined) return a ?? b ?? I64;
  if (a.kind === "bool" || b.kind === "bool") return a.kind === b.kind ? a : undefined;
  if (a.isPlain || b.isPlain) return a.isPlain ? wide(b) : wide(a);
  if (a.signed === b.signed) return a.bits >= b.bits ? a : b;
  const unsigned = a.signed ? b : a;
  return unsigned.bits === 64 ? undefined : I64;
}
