/**
 * Loops, which the verifier must see to terminate.
 *
 * @module
 */

import type { Expression, For, ForOf } from "../language/syntax.ts";
import { condition, decide } from "./conditions.ts";
import { bind, declaration, namesOf } from "./declarations.ts";
import { assigns } from "./effects.ts";
import { lower } from "./expressions.ts";
import { present } from "./loaded.ts";
import { countUnknown, elementOf, lengthOf } from "./members.ts";
import type { Program } from "./program.ts";
import { Scope, type Variable } from "./scope.ts";
import { expressionStatement, statement } from "./statements.ts";

/** Limit on iterations: the verifier follows each of them. */
const MOST_ROUNDS = 4096;
/** Limit on elements: the loop over them is unrolled. */
const MOST_ELEMENTS = 128;

/** Compiles `for (let i = 0; i < 100; i++)`. */
export function forStatement(program: Program, node: For, outer: Scope): void {
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

/**
 * The verifier must see a bound on the iterations: a constant that the loop variable is compared
 * with.
 */
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
  const isMember = limit.type === "MemberExpression"; // array.length, or a constant from outside
  if (!isMember && (!isConstant || decide(program, limit, scope) === undefined)) return undefined;
  const value = program.builder.discard(() => lower(program, limit, scope));
  if (value.kind !== "constant") return undefined;
  const known = scope.find(variable.name) as Variable;
  if (upwards) program.bounds.set(known.reg, Number(value.value));
  return upwards ? Number(value.value) : 0;
}

/** Compiles `for (const x of …)` by unrolling. */
export function forOfStatement(program: Program, node: ForOf, outer: Scope): void {
  const { builder } = program;
  if (node.await) throw program.error(node, "programs in the kernel do not wait");
  const list = present(program, node.right, lower(program, node.right, outer));
  const length = lengthOf(list);
  if (list.kind === "map") {
    throw program.error(
      node.right,
      "a program cannot go through a map: who reads it can, for (const [key, value] of bpf.map(…))",
    );
  }
  if (length === undefined) throw program.error(node.right, "this has no elements to go through");
  if (list.kind === "elements" && list.isOpen) {
    throw program.error(node.right, countUnknown(list.what));
  }
  if (length > MOST_ELEMENTS) {
    throw program.error(node.right, `up to ${MOST_ELEMENTS} elements are possible, not ${length}`);
  }
  const { left } = node;
  // Minifiers turn const into let.
  const isFixed = left.type === "VariableDeclaration" &&
    (left.kind === "const" ||
      left.kind === "let" && !namesOf(left).some((name) => assigns([node.body], name)));
  if (!isFixed) {
    throw program.error(left, "declare the element with const: for (const x of …)");
  }
  const pattern = left.declarations[0]!.id;
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
