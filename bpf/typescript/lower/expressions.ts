/**
 * Expressions.
 *
 * @module
 */

import type { Binary, Conditional, Expression, Identifier, Node } from "../language/syntax.ts";
import { BOOL, I64, isScalar, type Scalar, U64 } from "../language/types.ts";
import { builtinOf } from "../language/builtins.ts";
import { arithmetic, requireInt } from "./arithmetic.ts";
import { assignment, update } from "./assignments.ts";
import { call } from "./calls.ts";
import { condition, decide } from "./conditions.ts";
import { bigintConstant, foldBinary, numberConstant } from "./constants.ts";
import { hasEffects } from "./effects.ts";
import { asLoaded, asValue, joined } from "./loaded.ts";
import { member } from "./members.ts";
import { chosenText, isText } from "./texts.ts";
import { unknownName } from "./near_names.ts";
import type { Program } from "./program.ts";
import { refusal } from "./refused.ts";
import type { Scope } from "./scope.ts";
import { lastOf } from "./statements.ts";
import { settle } from "./declarations.ts";
import { constant, type Loaded, UNDEFINED, type Value, VOID } from "./values.ts";

/** Compiles an expression. @throws {KernelCodeError} */
export function lower(program: Program, node: Expression, scope: Scope): Value {
  const early = program.early.get(node);
  if (early) return early;
  program.builder.line = program.source.line(node.start);
  program.place = node;
  switch (node.type) {
    case "ParenthesizedExpression":
    case "ChainExpression":
      return lower(program, node.expression, scope);
    case "Literal":
      return literal(program, node);
    case "Identifier":
      return identifier(program, node, scope);
    case "TemplateLiteral": {
      const text = node.quasis.map(({ value }) => value.cooked).join("");
      if (node.expressions.length === 0) return { kind: "string", text };
      throw program.error(node, "texts are put together where they are read: emit their parts");
    }
    case "UnaryExpression":
      return unary(program, node, scope);
    case "BinaryExpression":
      return binary(program, node, scope);
    case "LogicalExpression":
      return node.operator === "??" ? coalesce(program, node, scope) : truth(program, node, scope);
    case "ConditionalExpression":
      return conditional(program, node, scope);
    case "AssignmentExpression":
      return assignment(program, node, scope);
    case "UpdateExpression":
      return update(program, node, scope);
    case "CallExpression":
      return call(program, node, scope);
    case "MemberExpression":
      return member(program, node, scope);
    case "SequenceExpression":
      return lower(program, lastOf(program, node, scope), scope);
    case "ObjectExpression":
      return { kind: "object", node, scope };
    case "ArrayExpression": {
      const elements = node.elements.map((each) => {
        if (!each) throw program.error(node, "every element of a list needs a value");
        return settle(program, each, lower(program, each, scope));
      });
      return { kind: "elements", what: "the list", elements };
    }
    case "ArrowFunctionExpression":
    case "FunctionExpression":
      return { kind: "function", node, scope };
  }
  throw program.error(node, refusal(node as Node));
}

function literal(program: Program, node: Expression & { type: "Literal" }): Value {
  if (node.bigint !== undefined) return bigintConstant(program, node, BigInt(node.bigint));
  switch (typeof node.value) {
    case "number":
      return numberConstant(program, node, node.value);
    case "boolean":
      return constant(node.value ? 1n : 0n, "bool");
    case "string":
      return { kind: "string", text: node.value };
  }
  if (node.raw === "null") return UNDEFINED;
  throw program.error(node, "regular expressions need memory: compare texts where they are read");
}

function identifier(program: Program, node: Identifier, scope: Scope): Value {
  const { name } = node;
  const binding = scope.find(name);
  if (binding?.kind === "variable") {
    return { kind: "register", reg: binding.reg, type: binding.type };
  }
  if (binding?.kind === "later") {
    throw program.error(node, `${name} is declared further down or elsewhere: use it behind that`);
  }
  if (binding) return binding;
  if (name === "undefined") return UNDEFINED;
  const builtin = builtinOf.get(name);
  if (builtin) return { kind: "builtin", builtin };
  if (program.outside.claimMap && !RESERVED.has(name)) {
    const definition = program.outside.maps.get(name);
    return definition ? { kind: "map", name, definition } : { kind: "unmade", name };
  }
  throw program.error(
    node,
    unknownName(name) ??
      `nothing is called ${name} here, for only the function's own text is compiled: what comes from ` +
        "outside comes as the second parameter, from kernel({ maps, globals, constants })",
  );
}

/** Global names of JavaScript, which one-liners cannot use as names of maps. */
const RESERVED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(globalThis));

function unary(
  program: Program,
  node: Expression & { type: "UnaryExpression" },
  scope: Scope,
): Value {
  const { operator } = node;
  if (operator === "!") return truth(program, node, scope);
  if (operator === "void") {
    lower(program, node.argument, scope);
    return UNDEFINED;
  }
  if (operator !== "-" && operator !== "~" && operator !== "+") {
    throw program.error(node, `${operator} is not in the language`);
  }
  const value = lower(program, node.argument, scope);
  if (value.kind === "constant") {
    if (operator === "-") {
      const zero = constant(0n, value.type);
      return foldBinary(program, node, "-", zero, value);
    }
    const ones = constant(-1n, value.type);
    return operator === "+" ? value : foldBinary(program, node, "^", value, ones);
  }
  const loaded = requireInt(program, node, asLoaded(program, node.argument, value), operator);
  if (operator === "+") return asValue(program, loaded);
  const { builder } = program;
  if (operator === "~") {
    const type = loaded.type?.signed ? I64 : U64;
    return asValue(program, { operand: builder.alu("xor", loaded.operand, -1n), type });
  }
  const zero = { operand: 0n, type: undefined };
  const narrow = loaded.type && !loaded.type.signed && loaded.type.bits < 64;
  const { operand, type } = arithmetic(program, node, "-", zero, loaded);
  return asValue(program, { operand, type: narrow ? I64 : type });
}

function binary(program: Program, node: Binary, scope: Scope): Value {
  const { operator } = node;
  if (/^(?:[!=]==?|[<>]=?)$/.test(operator)) return truth(program, node, scope);
  if (operator === "in" || operator === "instanceof") {
    throw program.error(node, `${operator} is not in the language`);
  }
  const left = leftValue(program, scope, node.left, node.right);
  const right = lower(program, node.right, scope);
  program.builder.line = program.source.line(node.start);
  return operate(program, node, operator, left, right);
}

/** An arithmetic operator on two values. */
export function operate(
  program: Program,
  node: Node,
  operator: string,
  left: Value,
  right: Value,
): Value {
  if (left.kind === "constant" && right.kind === "constant") {
    return foldBinary(program, node, operator, left, right);
  }
  if (left.kind === "string" || right.kind === "string") {
    throw program.error(node, "texts are put together where they are read: emit their parts");
  }
  const [a, b] = [asLoaded(program, node, left), asLoaded(program, node, right)];
  return asValue(program, arithmetic(program, node, operator, a, b));
}

/**
 * The left operand of an operator whose right operand is compiled after it: a variable that the
 * right operand changes keeps its old value.
 */
export function leftValue(
  program: Program,
  scope: Scope,
  left: Expression,
  right: Expression,
): Value {
  const value = lower(program, left, scope);
  if (!hasEffects(right)) return value;
  const isNumber = value.kind === "register" || value.kind === "global" ||
    value.kind === "memory" && isScalar(value.type);
  if (!isNumber) return value;
  const { operand, type } = asLoaded(program, left, value);
  return { kind: "register", reg: program.builder.copy(operand), type: type as Scalar };
}

/** A condition as a boolean. */
function truth(program: Program, node: Expression, scope: Scope): Value {
  const { builder } = program;
  const known = decide(program, node, scope);
  if (known !== undefined) return constant(known ? 1n : 0n, "bool");
  const [yes, no, end] = [builder.block(), builder.block(), builder.block()];
  const reg = builder.register();
  condition(program, node, scope, yes, no);
  builder.enter(yes);
  builder.move(reg, 1n);
  builder.jump(end);
  builder.enter(no);
  builder.move(reg, 0n);
  builder.enter(end);
  return { kind: "register", reg, type: BOOL };
}

function conditional(program: Program, node: Conditional, scope: Scope): Value {
  const test = lastOf(program, node.test, scope);
  const known = decide(program, test, scope);
  if (known !== undefined) return lower(program, known ? node.consequent : node.alternate, scope);
  const { builder } = program;
  const [yes, no, end] = [builder.block(), builder.block(), builder.block()];
  const narrowed = condition(program, test, scope, yes, no);
  const reg = builder.register();
  const side = (each: Expression, regs: readonly number[], number: bigint) =>
    program.apart((): Loaded | Value | undefined => {
      for (const each of regs) program.known.add(each);
      const value = lower(program, each, scope);
      if (value.kind === "void" || value.kind === "undefined") return undefined;
      if (isText(value)) {
        builder.move(reg, number);
        return value;
      }
      const loaded = asLoaded(program, each, value);
      builder.move(reg, loaded.operand);
      return loaded;
    });
  builder.enter(yes);
  const first = side(node.consequent, narrowed.yes, 1n);
  builder.jump(end);
  builder.enter(no);
  const second = side(node.alternate, narrowed.no, 0n);
  builder.enter(end);
  if (!first || !second) {
    if (first || second) throw program.error(node, "one side gives a value, the other none");
    return VOID;
  }
  if ("kind" in first && "kind" in second) return chosenText(program, node, reg, first, second);
  if ("kind" in first || "kind" in second) {
    throw program.error(node, "one side gives a text, the other a number");
  }
  return { kind: "register", reg, type: joined(program, node, first, second) };
}

/** `a ?? b` */
function coalesce(program: Program, node: Binary, scope: Scope): Value {
  const { builder } = program;
  const left = lower(program, node.left, scope);
  if (left.kind === "undefined") return lower(program, node.right, scope);
  if (left.kind !== "optional" || program.known.has(left.pointer)) return left;
  if (left.value === undefined || !isScalar(left.type)) {
    throw program.error(node, "for a struct there is no other: check it with if (x === undefined)");
  }
  const [absent, end] = [builder.block(), builder.block()];
  const reg = builder.register();
  builder.move(reg, left.value);
  builder.branch("eq", left.pointer, 0n, absent, end);
  builder.enter(absent);
  const other = program.apart(() => {
    const loaded = asLoaded(program, node.right, lower(program, node.right, scope));
    builder.move(reg, loaded.operand);
    return loaded;
  });
  builder.enter(end);
  const type = joined(program, node, { operand: left.value, type: left.type }, other);
  return { kind: "register", reg, type };
}
