/**
 * Side effects of expressions, and their order.
 *
 * @module
 */

import type { Expression, Node } from "../language/syntax.ts";
import { builtinOf } from "../language/builtins.ts";
import { isScalar } from "../language/types.ts";
import { lower } from "./expressions.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { settle } from "./declarations.ts";

/** Whether an expression may change what another one reads. */
export function hasEffects(node: Node): boolean {
  return some(node, (each) => /^(?:Assignment|Update|Call)Expression$/.test(each.type));
}

/** Whether these nodes may assign to a name. */
export function assigns(nodes: readonly Node[], name: string): boolean {
  const isTarget = (each: Node) => {
    const found = each as Expression;
    const target = found.type === "AssignmentExpression"
      ? found.left
      : found.type === "UpdateExpression"
      ? found.argument
      : undefined;
    return target?.type === "Identifier" && target.name === name;
  };
  return nodes.some((node) => some(node, isTarget));
}

/** Whether an expression has side effects. */
function changesSomething(node: Node, scope: Scope): boolean {
  return some(node, (each) => {
    const found = each as Expression;
    if (found.type === "AssignmentExpression" || found.type === "UpdateExpression") return true;
    if (found.type !== "CallExpression") return false;
    const { callee } = found;
    if (callee.type === "Identifier") {
      if (scope.find(callee.name)) return true;
      return /^(?:sendSignal|print)$/.test(builtinOf.get(callee.name) ?? "");
    }
    if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return true;
    return !READING.has(callee.property.name);
  });
}

const READING: ReadonlySet<string> = new Set(["get", "has", "kernel", "user", "asUintN", "asIntN"]);

/**
 * Compiles the parts of an object literal that have side effects; the object then uses their
 * values.
 */
export function lowerChanges(program: Program, node: Expression, scope: Scope): void {
  if (!changesSomething(node, scope)) return;
  if (node.type !== "ObjectExpression") {
    return early(program, node, scope);
  }
  for (const property of node.properties) {
    if (property.type !== "Property") continue;
    const { value } = property;
    if (changesSomething(value, scope)) lowerChanges(program, value, scope);
    else if (isNumberThatChanges(program, value, scope)) early(program, value, scope);
  }
}

/** Compiles an expression early; where it stands, that value is used. */
function early(program: Program, node: Expression, scope: Scope): void {
  program.early.set(node, settle(program, node, lower(program, node, scope)));
}

/** Whether an expression reads a number that another expression may change. */
function isNumberThatChanges(program: Program, node: Expression, scope: Scope): boolean {
  if (node.type === "ObjectExpression") return false;
  const value = program.apart(() => program.builder.discard(() => lower(program, node, scope)));
  return value.kind === "register" || value.kind === "global" ||
    value.kind === "memory" && isScalar(value.type);
}

/** Whether a node or a descendant is of a kind. */
export function some(node: Node, test: (node: Node) => boolean): boolean {
  if (test(node)) return true;
  return Object.values(node).some((value) =>
    Array.isArray(value)
      ? value.some((each) => isNode(each) && some(each, test))
      : isNode(value) && some(value, test)
  );
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && "start" in value;
