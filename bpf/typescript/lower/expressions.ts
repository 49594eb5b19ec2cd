/**
 * Expressions.
 *
 * @module
 */

import type { Operand } from "../code/ir.ts";
import type { Binary, Conditional, Expression, Identifier, Node } from "../syntax.ts";
import { BOOL, describeType, I64, isScalar, type Scalar, U64 } from "../types.ts";
import { wordOf } from "../words.ts";
import { arithmetic, joinTypes, requireInt } from "./arithmetic.ts";
import { assignment, update } from "./assignments.ts";
import { call } from "./calls.ts";
import { condition, decide } from "./conditions.ts";
import { bigintConstant, foldBinary, numberConstant } from "./constants.ts";
import { hasEffects } from "./effects.ts";
import { member } from "./members.ts";
import { inRegister, loadScalar } from "./memory.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { settle } from "./statements.ts";
import { constant, type Loaded, UNDEFINED, type Value, VOID } from "./values.ts";

/** Compiles an expression. @throws {KernelCodeError} */
export function lower(program: Program, node: Expression, scope: Scope): Value {
  const early = program.early.get(node);
  if (early) return early;
  program.builder.line = program.source.line(node.start);
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
    case "SequenceExpression": {
      let last: Value = VOID;
      for (const each of node.expressions) last = lower(program, each, scope);
      return last;
    }
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

/** What to say of syntax that the language lacks. */
export function refusal(node: Node): string {
  return REFUSED[node.type] ?? `${node.type} is not in the language`;
}

const REFUSED: Readonly<Record<string, string>> = {
  NewExpression: "there is no memory to make objects in: use a map, or a const object of emit()",
  ThisExpression: "there is no this: what comes from outside comes as the second parameter",
  AwaitExpression: "programs in the kernel do not wait: await where the events are read",
  YieldExpression: "programs in the kernel do not wait: emit events instead of yield",
  TaggedTemplateExpression: "tagged templates are not in the language: use plain texts",
  TryStatement: "there are no exceptions in the kernel: what may be missing is undefined",
  ThrowStatement: "there are no exceptions in the kernel: return, or emit an event",
  WhileStatement: "the kernel wants to see that a loop ends: write for (let i = 0; i < 100; i++) " +
    "and break when it is done",
  DoWhileStatement:
    "the kernel wants to see that a loop ends: write for (let i = 0; i < 100; i++) " +
    "and break when it is done",
  ForInStatement: "names of fields are not known to a program: name each field",
  ClassDeclaration: "there are no classes: use a struct of kernel({ … })",
  ClassExpression: "there are no classes: use a struct of kernel({ … })",
  WithStatement: "with is not in the language",
  LabeledStatement: "labels are not in the language: return from a local function instead",
  ImportExpression: "a program is its function's own text: nothing can be imported in it",
  MetaProperty: "a program is its function's own text: it belongs to no module",
  SpreadElement: "name each field instead of spreading an object",
  DebuggerStatement: "there is no debugger in the kernel: emit an event",
};

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
  if (binding) return binding;
  if (name === "undefined") return UNDEFINED;
  const word = wordOf.get(name);
  if (word) return { kind: "word", word };
  throw program.error(
    node,
    `nothing is called ${name} here, for only the function's own text is compiled: what comes from ` +
      "outside comes as the second parameter, from kernel({ maps, globals, constants })",
  );
}

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
 * The left side of an operator whose right side is compiled after it: a variable that the right
 * side changes keeps its value.
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
  const known = decide(program, node.test, scope);
  if (known !== undefined) return lower(program, known ? node.consequent : node.alternate, scope);
  const { builder } = program;
  const [yes, no, end] = [builder.block(), builder.block(), builder.block()];
  const narrowed = condition(program, node.test, scope, yes, no);
  const reg = builder.register();
  const side = (each: Expression, regs: readonly number[]) =>
    program.apart(() => {
      for (const each of regs) program.known.add(each);
      const value = lower(program, each, scope);
      if (value.kind === "void" || value.kind === "undefined") return undefined;
      const loaded = asLoaded(program, each, value);
      builder.move(reg, loaded.operand);
      return loaded;
    });
  builder.enter(yes);
  const first = side(node.consequent, narrowed.yes);
  builder.jump(end);
  builder.enter(no);
  const second = side(node.alternate, narrowed.no);
  builder.enter(end);
  if (!first || !second) {
    if (first || second) throw program.error(node, "one side gives a value, the other none");
    return VOID;
  }
  return { kind: "register", reg, type: joined(program, node, first, second) };
}

/** The type of a value that comes from one of two places. */
export function joined(program: Program, node: Node, a: Loaded, b: Loaded): Scalar {
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

/** A value as a number or boolean. @throws {KernelCodeError} when it is neither, or may be missing */
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
      throw program.error(node, `expected a number, found ${describeType(found.type)}`);
    default:
      throw program.error(node, `expected a number, found ${describeValue(found)}`);
  }
}

/** A value that is there. @throws {KernelCodeError} when it may be missing */
export function present(program: Program, node: Node, value: Value): Value {
  if (value.kind === "global") {
    const { offset, type } = program.outside.globals.get(value.name)!;
    const base = program.builder.mapValue(program.outside.section, offset);
    return { kind: "memory", base, offset: 0, type, access: "direct" };
  }
  if (value.kind !== "optional") return value;
  if (!program.known.has(value.pointer)) {
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
    case "word":
      return `the function ${value.word}`;
    case "method":
      return `the method ${value.name}`;
    case "object":
      return "an object";
    default:
      return `a ${value.kind}`;
  }
}
