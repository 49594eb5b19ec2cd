/**
 * Statements.
 *
 * @module
 */

import type { Declaration, Expression, For, ForOf, Node, Pattern, Statement } from "../syntax.ts";
import { BOOL, I64, type Scalar, U64 } from "../types.ts";
import { assigns } from "./effects.ts";
import { condition, decide } from "./conditions.ts";
import { asLoaded, lower, present, refusal } from "./expressions.ts";
import { elementOf, field, lengthOf, nameOf } from "./members.ts";
import { loadScalar } from "./memory.ts";
import type { Program } from "./program.ts";
import { returnValue } from "./returns.ts";
import { Scope, type Variable } from "./scope.ts";
import { placeOf } from "./texts.ts";
import { switchStatement } from "./switch.ts";
import type { Value } from "./values.ts";

/** Rounds that a loop may have: the kernel follows each of them when it checks the program. */
const MOST_ROUNDS = 4096;
/** Elements that are gone through one after the other. */
const MOST_ELEMENTS = 128;

/** Compiles statements in a scope of their own. */
export function statements(program: Program, nodes: readonly Statement[], outer: Scope): void {
  const scope = new Scope(outer);
  for (const node of nodes) {
    if (node.type === "FunctionDeclaration" && node.id) {
      scope.add(node.id.name, { kind: "function", node, scope });
    }
  }
  for (const node of nodes) statement(program, node, scope, nodes);
}

/** Compiles one statement; `around` is what may assign to the variables it declares. */
export function statement(
  program: Program,
  node: Statement,
  scope: Scope,
  around: readonly Node[] = [],
): void {
  const { builder } = program;
  builder.line = program.source.line(node.start);
  switch (node.type) {
    case "BlockStatement":
      return statements(program, node.body, scope);
    case "ExpressionStatement":
      return expressionStatement(program, node.expression, scope);
    case "VariableDeclaration":
      return declaration(program, node, scope, around);
    case "IfStatement":
      return ifStatement(program, node, scope);
    case "ForStatement":
      return forStatement(program, node, scope);
    case "ForOfStatement":
      return forOfStatement(program, node, scope);
    case "SwitchStatement":
      return switchStatement(program, node, scope);
    case "ReturnStatement":
      return returnValue(program, node, node.argument ?? undefined, scope);
    case "BreakStatement":
    case "ContinueStatement": {
      if (node.label) throw program.error(node, "labels are not in the language");
      const isBreak = node.type === "BreakStatement";
      const loop = program.loops.findLast((each) => isBreak || each.continues);
      return builder.jump(isBreak ? loop!.breaks : loop!.continues!);
    }
    case "FunctionDeclaration":
    case "EmptyStatement":
      return;
  }
  throw program.error(node, refusal(node as Node));
}

/** `a && b();` and `a ? b() : c();`, as minifiers write an if, and everything else. */
export function expressionStatement(program: Program, node: Expression, scope: Scope): void {
  switch (node.type) {
    case "ParenthesizedExpression":
      return expressionStatement(program, node.expression, scope);
    case "SequenceExpression":
      return node.expressions.forEach((each) => expressionStatement(program, each, scope));
    case "ConditionalExpression":
      return branches(
        program,
        node.test,
        scope,
        () => expressionStatement(program, node.consequent, scope),
        () => expressionStatement(program, node.alternate, scope),
      );
    case "LogicalExpression":
      if (node.operator === "??") break;
      return branches(
        program,
        node.left,
        scope,
        node.operator === "&&" ? () => expressionStatement(program, node.right, scope) : () => {},
        node.operator === "||" ? () => expressionStatement(program, node.right, scope) : () => {},
      );
  }
  lower(program, node, scope);
}

function ifStatement(
  program: Program,
  node: Statement & { type: "IfStatement" },
  scope: Scope,
): void {
  branches(
    program,
    node.test,
    scope,
    () => statement(program, node.consequent, new Scope(scope)),
    () => node.alternate && statement(program, node.alternate, new Scope(scope)),
  );
}

/** Two ways to go on; what one of them finds out holds afterwards if the other does not go on. */
function branches(
  program: Program,
  test: Expression,
  scope: Scope,
  consequent: () => void,
  alternate: () => void,
): void {
  const known = decide(program, test, scope);
  if (known !== undefined) return known ? consequent() : alternate();
  const { builder } = program;
  const [yes, no, end] = [builder.block(), builder.block(), builder.block()];
  const narrowed = condition(program, test, scope, yes, no);
  const side = (regs: readonly number[], write: () => void) =>
    program.apart(() => {
      for (const reg of regs) program.known.add(reg);
      write();
      return builder.isOpen;
    });
  builder.enter(yes);
  const goesOnAfterYes = side(narrowed.yes, consequent);
  builder.jump(end);
  builder.enter(no);
  const goesOnAfterNo = side(narrowed.no, alternate);
  builder.enter(end);
  if (!goesOnAfterYes) { for (const reg of narrowed.no) program.known.add(reg); }
  if (!goesOnAfterNo) { for (const reg of narrowed.yes) program.known.add(reg); }
}

function declaration(
  program: Program,
  node: Declaration,
  scope: Scope,
  around: readonly Node[],
): void {
  if (node.kind !== "const" && node.kind !== "let") {
    throw program.error(node, `${node.kind} is not in the language: write const or let`);
  }
  for (const { id, init, start, end } of node.declarations) {
    if (!init) {
      throw program.error({ start, end }, "give it a value that tells its type: let x = 0");
    }
    const value = lower(program, init, scope);
    program.builder.line = program.source.line(start);
    // Minifiers write let for const.
    if (node.kind === "let" && id.type === "Identifier" && assigns(around, id.name)) {
      declareVariable(program, id, init, value, scope);
    } else {
      bind(program, id, value, scope);
    }
  }
}

function declareVariable(
  program: Program,
  id: Pattern & { type: "Identifier" },
  init: Expression,
  given: Value,
  scope: Scope,
): void {
  const value = present(program, init, given);
  if (value.kind !== "constant" && value.kind !== "register" && value.kind !== "memory") {
    throw program.error(id, "variables hold numbers and booleans: declare this with const");
  }
  const { operand, type } = asLoaded(program, init, value);
  const isFlexible = type === undefined;
  const reg = program.builder.register();
  program.builder.move(reg, operand);
  if (typeof operand === "bigint") program.bounds.set(reg, Number(operand));
  const chosen: Scalar = type === undefined
    ? program.unsigned.has(id.start) ? U64 : I64
    : type.kind === "bool"
    ? BOOL
    : type.signed
    ? I64
    : U64;
  scope.add(id.name, {
    kind: "variable",
    reg,
    type: chosen,
    node: id,
    isFlexible: isFlexible && !program.unsigned.has(id.start),
  });
  program.variables.add(reg);
}

/** Gives the names of a pattern to a value and its parts. */
export function bind(program: Program, pattern: Pattern, value: Value, scope: Scope): void {
  switch (pattern.type) {
    case "Identifier":
      return scope.add(pattern.name, settle(program, pattern, value));
    case "ObjectPattern":
      for (const property of pattern.properties) {
        if (property.type === "RestElement") {
          throw program.error(property, "name each field instead of taking the rest");
        }
        const name = nameOf(program, property.key, property.computed);
        const part = field(program, property, value, name);
        if (part.kind === "global") program.taken.set(part.name, property);
        bind(program, property.value, part, scope);
      }
      return;
    case "ArrayPattern":
      pattern.elements.forEach((element, i) => {
        if (element) bind(program, element, elementOf(program, element, value, i), scope);
      });
      return;
    case "AssignmentPattern":
      throw program.error(pattern, "default values are not in the language: write x ?? 0");
  }
  throw program.error(pattern, "the rest of a list is not in the language: name each");
}

/** A value that stays as it is now. */
export function settle(program: Program, node: Node, value: Value): Value {
  const { builder } = program;
  switch (value.kind) {
    case "register": {
      const reg = program.variables.has(value.reg) ? builder.copy(value.reg) : value.reg;
      builder.keep();
      return { ...value, reg };
    }
    case "optional":
      builder.keep();
      return value;
    case "made":
      return { ...placeOf(program, node, value), readOnly: "texts cannot be changed" };
    case "memory": {
      // The context never changes; what it holds is read where it is used.
      if (value.base === program.context && value.access === "direct") return value;
      if (value.type.kind === "int" || value.type.kind === "bool") {
        return settle(program, node, loadScalar(program, value));
      }
      builder.keep();
      return value;
    }
    default:
      return value;
  }
}

function forStatement(program: Program, node: For, outer: Scope): void {
  const { builder } = program;
  const scope = new Scope(outer);
  if (node.init?.type === "VariableDeclaration") declaration(program, node.init, scope, [node]);
  else if (node.init) lower(program, node.init, scope);
  checkBound(program, node, scope);
  const [head, body, next, end] = Array.from({ length: 4 }, () => builder.block());
  builder.enter(head!);
  program.apart(() => {
    condition(program, node.test!, scope, body!, end!);
    builder.enter(body!);
    program.loops.push({ label: undefined, breaks: end!, continues: next! });
    statement(program, node.body, new Scope(scope));
    program.loops.pop();
    builder.enter(next!);
    if (node.update) expressionStatement(program, node.update, scope);
    builder.jump(head!);
  });
  builder.enter(end!);
}

/** The kernel has to see how often a loop runs at most: by a constant that its variable is below. */
function checkBound(program: Program, node: For, scope: Scope): void {
  const bound = node.test && constantBound(program, node.test, scope);
  if (bound === undefined || bound === null) {
    throw program.error(
      node.test ?? node,
      "the kernel wants to see that a loop ends: compare its variable with a constant, such as " +
        "for (let i = 0; i < 100 && i < n; i++)",
    );
  }
  if (bound > MOST_ROUNDS) {
    throw program.error(
      node.test!,
      `loops have up to ${MOST_ROUNDS} rounds, and this has ${bound}`,
    );
  }
}

function constantBound(program: Program, test: Expression, scope: Scope): number | undefined {
  if (test.type === "ParenthesizedExpression") {
    return constantBound(program, test.expression, scope);
  }
  if (test.type === "LogicalExpression" && test.operator === "&&") {
    return constantBound(program, test.left, scope) ?? constantBound(program, test.right, scope);
  }
  if (test.type !== "BinaryExpression" || !/^[<>]=?$/.test(test.operator)) return undefined;
  const upwards = test.operator.startsWith("<");
  const [variable, limit] = [test.left, test.right];
  if (variable.type !== "Identifier" || scope.find(variable.name)?.kind !== "variable") {
    return undefined;
  }
  const inner = limit.type === "Identifier" ? scope.find(limit.name) : undefined;
  if (inner?.kind === "variable") return program.bounds.get(inner.reg);
  const isConstant = limit.type === "Literal" || limit.type === "Identifier" ||
    limit.type === "BinaryExpression" || limit.type === "UnaryExpression";
  if (!isConstant || decide(program, limit, scope) === undefined) return undefined;
  const value = lower(program, limit, scope);
  if (value.kind !== "constant") return undefined;
  const known = scope.find(variable.name) as Variable;
  if (upwards) program.bounds.set(known.reg, Number(value.value));
  return upwards ? Number(value.value) : 0;
}

function forOfStatement(program: Program, node: ForOf, outer: Scope): void {
  const { builder } = program;
  if (node.await) throw program.error(node, "programs in the kernel do not wait");
  const list = present(program, node.right, lower(program, node.right, outer));
  const length = lengthOf(list);
  if (length === undefined) throw program.error(node.right, "this has no elements to go through");
  if (length > MOST_ELEMENTS) {
    throw program.error(node.right, `up to ${MOST_ELEMENTS} elements are possible, not ${length}`);
  }
  if (node.left.type !== "VariableDeclaration" || node.left.kind !== "const") {
    throw program.error(node.left, "declare the element with const: for (const x of …)");
  }
  const pattern = node.left.declarations[0]!.id;
  const end = builder.block();
  for (let i = 0; i < length; i++) {
    const next = builder.block();
    const scope = new Scope(outer);
    program.apart(() => {
      bind(program, pattern, elementOf(program, node.right, list, i), scope);
      program.loops.push({ label: undefined, breaks: end, continues: next });
      statement(program, node.body, scope);
      program.loops.pop();
    });
    builder.enter(next);
  }
  builder.enter(end);
}
