/**
 * Conditions: branches, and what is known in each of them.
 *
 * @module
 */

import { holds } from "../code/fold.ts";
import { type Block, MIRRORED, type Reg, type Test } from "../code/ir.ts";
import type { Binary, Expression } from "../language/syntax.ts";
import { isEquality, testFor } from "./arithmetic.ts";
import { leftValue, lower } from "./expressions.ts";
import { isKernel } from "./kernel_memory.ts";
import { asLoaded, present } from "./loaded.ts";
import { isScalar } from "../language/types.ts";
import { builtinOf } from "../language/builtins.ts";
import { equalsIfThere, missing } from "./missing.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { lastOf } from "./statements.ts";
import { isText, textsEqual } from "./texts.ts";
import type { Loaded, Value } from "./values.ts";

/** Pointers known to be non-null when a condition holds, and when it does not. */
export interface Narrowing {
  readonly yes: readonly Reg[];
  readonly no: readonly Reg[];
}

/** Nothing is known. */
export const NOTHING: Narrowing = { yes: [], no: [] };

/** Branches to `yes` or to `no`. */
export function condition(
  program: Program,
  node: Expression,
  scope: Scope,
  yes: Block,
  no: Block,
): Narrowing {
  const { builder } = program;
  if (node.type === "ParenthesizedExpression" || node.type === "ChainExpression") {
    return condition(program, node.expression, scope, yes, no);
  }
  if (node.type === "SequenceExpression") {
    return condition(program, lastOf(program, node, scope), scope, yes, no);
  }
  if (node.type === "UnaryExpression" && node.operator === "!") {
    const inner = condition(program, node.argument, scope, no, yes);
    return { yes: inner.no, no: inner.yes };
  }
  if (node.type === "LogicalExpression" && node.operator !== "??") {
    return both(program, node, scope, yes, no);
  }
  if (node.type === "BinaryExpression" && isComparison(node.operator)) {
    return comparison(program, node, scope, yes, no);
  }
  const value = lower(program, node, scope);
  builder.line = program.source.line(node.start);
  if (value.kind === "undefined") {
    builder.jump(no);
    return NOTHING;
  }
  if (value.kind === "optional" && !program.known.has(value.pointer)) {
    if (value.value === undefined) builder.branch("ne", value.pointer, 0n, yes, no);
    else {
      // In JavaScript 0 is false, too.
      const there = builder.block();
      builder.branch("ne", value.pointer, 0n, there, no);
      builder.enter(there);
      builder.branch("ne", value.value, 0n, yes, no);
    }
    return { yes: [value.pointer], no: [] };
  }
  if (isText(value)) {
    throw program.error(node, 'a text is no condition: compare it, such as text !== ""');
  }
  const isObject = value.kind === "object" ||
    value.kind === "memory" && !isScalar(value.type) && !isKernel(value);
  if (isObject) {
    builder.jump(yes); // an object
    return NOTHING;
  }
  branchOn(
    program,
    "ne",
    asLoaded(program, node, value),
    { operand: 0n, type: undefined },
    yes,
    no,
  );
  return NOTHING;
}

function both(
  program: Program,
  node: Binary,
  scope: Scope,
  yes: Block,
  no: Block,
): Narrowing {
  const { builder } = program;
  const second = builder.block();
  const isAnd = node.operator === "&&";
  const left = lastOf(program, node.left, scope);
  const known = decide(program, left, scope);
  // The branch that is never taken need not make sense on this kernel.
  if (known !== undefined && known !== isAnd) {
    builder.jump(isAnd ? no : yes);
    return NOTHING;
  }
  const first = known !== undefined
    ? NOTHING
    : isAnd
    ? condition(program, left, scope, second, no)
    : condition(program, left, scope, yes, second);
  builder.enter(second);
  return program.apart(() => {
    for (const reg of isAnd ? first.yes : first.no) program.known.add(reg);
    const then = condition(program, node.right, scope, yes, no);
    return isAnd
      ? { yes: [...first.yes, ...then.yes], no: [] }
      : { yes: [], no: [...first.no, ...then.no] };
  });
}

function comparison(
  program: Program,
  node: Binary,
  scope: Scope,
  yes: Block,
  no: Block,
): Narrowing {
  const { operator } = node;
  const left = leftValue(program, scope, node.left, node.right);
  const right = lower(program, node.right, scope);
  program.builder.line = program.source.line(node.start);
  if (isEquality(operator)) {
    const [holds, fails] = operator.startsWith("!") ? [no, yes] : [yes, no];
    const special = missing(program, left, right, holds, fails) ??
      missing(program, right, left, holds, fails);
    if (special) return operator.startsWith("!") ? { yes: special.no, no: special.yes } : special;
    const found = equalsIfThere(program, node, left, right, holds, fails) ??
      equalsIfThere(program, node, right, left, holds, fails);
    if (found) return operator.startsWith("!") ? { yes: found.no, no: found.yes } : found;
    const [one, other] = [present(program, node.left, left), present(program, node.right, right)];
    if (isText(one) || isText(other)) {
      textsEqual(program, node, one, other, holds, fails);
      return NOTHING;
    }
  }
  const [a, b] = [asLoaded(program, node.left, left), asLoaded(program, node.right, right)];
  const { test, mixed } = testFor(program, node, operator, a, b);
  if (mixed) compareMixed(program, test, a, b, yes, no);
  else branchOn(program, test, a, b, yes, no);
  return NOTHING;
}

/** Compares mathematically where one side is signed and the other is unsigned with 64 bits. */
export function compareMixed(
  program: Program,
  test: Test,
  a: Loaded,
  b: Loaded,
  yes: Block,
  no: Block,
): void {
  const { builder } = program;
  const isSigned = ({ type }: Loaded) => type?.kind === "int" && type.signed;
  const signed = isSigned(a) ? a : b;
  // A negative number is below all unsigned ones, and equal to none.
  const below = isSigned(a) ? /^(?:lt|le|ne)$/ : /^(?:gt|ge|ne)$/;
  const positive = builder.block();
  builder.branch("slt", signed.operand as Reg, 0n, below.test(test) ? yes : no, positive);
  builder.enter(positive);
  branchOn(program, test, a, b, yes, no);
}

/** Branches by a comparison. */
export function branchOn(
  { builder }: Program,
  test: Parameters<typeof holds>[0],
  { operand: a }: Loaded,
  { operand: b }: Loaded,
  yes: Block,
  no: Block,
): void {
  if (typeof a === "bigint" && typeof b === "bigint") builder.jump(holds(test, a, b) ? yes : no);
  else if (typeof a === "bigint") builder.branch(MIRRORED[test], b as Reg, a, yes, no);
  else builder.branch(test, a, b, yes, no);
}

const isComparison = (operator: string) => isEquality(operator) || /^[<>]=?$/.test(operator);

/** The value of a condition that is known at compile time; emits nothing. */
export function decide(program: Program, node: Expression, scope: Scope): boolean | undefined {
  switch (node.type) {
    case "ParenthesizedExpression":
      return decide(program, node.expression, scope);
    case "LogicalExpression": {
      if (node.operator === "??") return undefined;
      const isAnd = node.operator === "&&";
      const left = decide(program, node.left, scope);
      if (left === undefined) return undefined;
      return left === isAnd ? decide(program, node.right, scope) : left;
    }
    case "UnaryExpression": {
      if (node.operator !== "!") break;
      const inner = decide(program, node.argument, scope);
      return inner === undefined ? undefined : !inner;
    }
  }
  if (!isKnown(program, node, scope)) return undefined;
  if (node.type === "BinaryExpression" && isComparison(node.operator)) {
    return compareKnown(
      node.operator,
      lower(program, node.left, scope),
      lower(program, node.right, scope),
    );
  }
  const value = lower(program, node, scope);
  if (value.kind === "constant") return value.value !== 0n;
  return value.kind === "undefined" ? false : undefined;
}

/** A comparison of compile-time constants. */
function compareKnown(operator: string, a: Value, b: Value): boolean | undefined {
  if (a.kind === "string" && b.kind === "string" && isEquality(operator)) {
    return (a.text === b.text) !== operator.startsWith("!");
  }
  if (a.kind !== "constant" || b.kind !== "constant") return undefined;
  const [x, y] = [a.value, b.value];
  switch (operator) {
    case "<":
      return x < y;
    case "<=":
      return x <= y;
    case ">":
      return x > y;
    case ">=":
      return x >= y;
    default:
      return (x === y) !== operator.startsWith("!");
  }
}

/** Whether an expression consists of constants only. */
export function isKnown(program: Program, node: Expression, scope: Scope): boolean {
  switch (node.type) {
    case "Literal":
      return true;
    case "Identifier": {
      const binding = scope.find(node.name);
      return binding?.kind === "constant" || binding === undefined && node.name === "undefined";
    }
    case "MemberExpression": {
      if (node.object.type !== "Identifier" || node.computed) return false;
      const { name } = node.property as { name: string };
      const object = scope.find(node.object.name);
      if (object?.kind === "elements") return name === "length" && !object.isOpen;
      return object?.kind === "outside" && program.outside.constants.has(name);
    }
    case "UnaryExpression":
      return isKnown(program, node.argument, scope);
    case "BinaryExpression":
      return isKnown(program, node.left, scope) && isKnown(program, node.right, scope);
    case "ParenthesizedExpression":
      return isKnown(program, node.expression, scope);
    case "CallExpression":
      return node.callee.type === "Identifier" && !scope.find(node.callee.name) &&
        builtinOf.get(node.callee.name) === "has";
    default:
      return false;
  }
}
