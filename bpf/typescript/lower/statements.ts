/**
 * Statements.
 *
 * @module
 */

import type { Expression, Node, Statement } from "../language/syntax.ts";
import { addInPlace } from "./assignments.ts";
import { condition, decide } from "./conditions.ts";
import { declaration, namesOf } from "./declarations.ts";
import { lower } from "./expressions.ts";
import { forOfStatement, forStatement } from "./loops.ts";
import type { Program } from "./program.ts";
import { refusal } from "./refused.ts";
import { returnValue } from "./returns.ts";
import { Scope } from "./scope.ts";
import { switchStatement } from "./switch.ts";

/** Compiles statements in a scope of their own; the last one may be left to the caller. */
export function statements(
  program: Program,
  nodes: readonly Statement[],
  outer: Scope,
  { scope = new Scope(outer), all = true } = {},
): void {
  scope.reserve(nodes.flatMap(namesOf));
  for (const node of nodes) {
    if (node.type === "FunctionDeclaration" && node.id) {
      scope.add(node.id.name, { kind: "function", node, scope });
    }
  }
  for (const node of all ? nodes : nodes.slice(0, -1)) {
    // After a return that a constant condition selects, the rest is unreachable.
    if (!program.builder.isOpen) return;
    statement(program, node, scope, nodes);
  }
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
    case "AssignmentExpression":
      if (addInPlace(program, node, scope)) return;
      break;
    case "UpdateExpression":
      // The value is unused: the previous one need not be kept.
      if (!addInPlace(program, node, scope)) lower(program, { ...node, prefix: true }, scope);
      return;
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

/**
 * Compiles all but the last of `a, b, c` and returns that: this is how minifiers write statements
 * before a condition or a returned value.
 */
export function lastOf(program: Program, node: Expression, scope: Scope): Expression {
  if (node.type === "ParenthesizedExpression") return lastOf(program, node.expression, scope);
  if (node.type !== "SequenceExpression") return node;
  for (const each of node.expressions.slice(0, -1)) expressionStatement(program, each, scope);
  return lastOf(program, node.expressions.at(-1)!, scope);
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

/**
 * Compiles two branches; if one of them does not continue, what the condition tells of pointers in
 * the other holds afterwards.
 */
export function branches(
  program: Program,
  node: Expression,
  scope: Scope,
  consequent: () => void,
  alternate: () => void,
): void {
  const test = lastOf(program, node, scope);
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
