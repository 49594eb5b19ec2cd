/**
 * Compile-time arithmetic.
 *
 * Plain numbers follow JavaScript's rules, because a bundler may have folded them already; where
 * those rules differ from 64-bit integers, it is an error. Bigints are exact.
 *
 * @module
 */

import type { Node } from "../language/syntax.ts";
import type { Program } from "./program.ts";
import { type Constant, constant } from "./values.ts";

const LEAST = -(1n << 63n);
const MOST = (1n << 64n) - 1n;

/** The constant for a number literal. @throws {KernelCodeError} for a fraction */
export function numberConstant(program: Program, node: Node, value: number): Constant {
  if (Number.isSafeInteger(value)) return constant(BigInt(value), "number");
  const problem = Number.isInteger(value)
    ? `${value} is not exact as a number: write it as a bigint, ${BigInt(value)}n`
    : `${value} is no integer, and programs in the kernel have no others: scale it, such as ` +
      "milliseconds instead of seconds";
  throw program.error(node, problem);
}

/** The constant for a bigint literal. @throws {KernelCodeError} when it has more than 64 bits */
export function bigintConstant(program: Program, node: Node, value: bigint): Constant {
  if (value >= LEAST && value <= MOST) return constant(value);
  throw program.error(node, `${value} needs more than the 64 bits that numbers have`);
}

/** The result of an operator on two constants. */
export function foldBinary(
  program: Program,
  node: Node,
  operator: string,
  a: Constant,
  b: Constant,
): Constant {
  if (a.type === "bool" || b.type === "bool") {
    throw program.error(node, `"${operator}" is for numbers, not for booleans`);
  }
  const exact = bigintResult(program, node, operator, a.value, b.value);
  if (a.type === "bigint" || b.type === "bigint") return bigintConstant(program, node, exact!);
  const result = numberResult(operator, Number(a.value), Number(b.value));
  if (!Number.isInteger(result)) return numberConstant(program, node, result);
  if (exact !== undefined && BigInt(result) === exact) return numberConstant(program, node, result);
  const [x, y] = [a.value, b.value];
  throw program.error(
    node,
    `JavaScript computes ${x} ${operator} ${y} in 32 bits or as a fraction, which gives ${result}: ` +
      `write bigints, ${x}n ${operator} ${y}n`,
  );
}

function bigintResult(
  program: Program,
  node: Node,
  operator: string,
  a: bigint,
  b: bigint,
): bigint | undefined {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
    case "%":
      if (b === 0n) throw program.error(node, "this divides by zero");
      return operator === "%" ? a % b : a / b;
    case "**":
      if (b < 0n || b > 64n) throw program.error(node, `${b} is no exponent from 0 to 64`);
      return a ** b;
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "<<":
    case ">>":
      if (b < 0n || b > 63n) {
        throw program.error(node, `cannot shift by ${b}: 0 to 63 are possible`);
      }
      return operator === "<<" ? a << b : a >> b;
    case ">>>":
      return a < 0n ? undefined : a >> b;
  }
  throw program.error(node, `the operator ${operator} is not in the language`);
}

function numberResult(operator: string, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    case "**":
      return a ** b;
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "<<":
      return a << b;
    case ">>":
      return a >> b;
    default:
      return a >>> b;
  }
}
