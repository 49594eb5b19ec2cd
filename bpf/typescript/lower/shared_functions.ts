/**
 * Shared functions: `({ calls }) => ({ enter(…) { … } })` returns them, and each is inlined at its
 * calls, like local functions.
 *
 * @module
 */

import {
  returned,
  type SharedFunctions,
  sharedText,
  statementsOf,
} from "../language/shared_functions.ts";
import type { Expression, Node, Statement } from "../language/syntax.ts";
import { checkFunction } from "./calls.ts";
import { bind } from "./declarations.ts";
import { lower } from "./expressions.ts";
import { nameOf } from "./members.ts";
import type { Program } from "./program.ts";
import { Scope } from "./scope.ts";
import type { Value } from "./values.ts";

/** The function of that name; undefined if none is shared. */
export function sharedFunction(program: Program, name: string): Value | undefined {
  const from = program.outside.functions.get(name);
  return from && functionsOf(program, from).get(name);
}

function functionsOf(
  program: Program,
  functions: SharedFunctions<unknown>,
): ReadonlyMap<string, Value> {
  const known = program.shared.get(functions);
  if (known) return known;
  const found = new Map<string, Value>();
  program.shared.set(functions, found);
  const text = sharedText(functions);
  program.source.add(text.source);
  checkFunction(program, text.node);
  const scope = new Scope();
  const [outside, more] = text.node.params;
  if (more) throw program.error(more, "one value is given: what comes from outside");
  if (outside) bind(program, outside, { kind: "outside" }, scope);
  for (const statement of statementsOf(text)) declare(program, statement, scope);
  for (const property of returned(text).properties) {
    if (property.type !== "Property") continue; // functionNames() has refused it
    const value = lower(program, property.value, scope);
    if (value.kind !== "function") {
      throw program.error(property, "programs can only be given functions");
    }
    found.set(nameOf(program, property.key, property.computed), value);
  }
  return found;
}

/** A function or constant that the others use; it is compiled where it is used. */
function declare(program: Program, node: Statement, scope: Scope): void {
  if (node.type === "FunctionDeclaration" && node.id) {
    return scope.add(node.id.name, { kind: "function", node, scope });
  }
  if (node.type === "ReturnStatement" || node.type === "EmptyStatement") return;
  for (const { id, init } of node.type === "VariableDeclaration" ? node.declarations : []) {
    if (id.type !== "Identifier" || !init || !isConstant(init)) throw onlyFunctions(program, node);
    scope.add(id.name, lower(program, init, scope));
  }
  if (node.type !== "VariableDeclaration") throw onlyFunctions(program, node);
}

const onlyFunctions = (program: Program, node: Node) =>
  program.error(node, "only functions and numbers can stand here: what runs stands inside of them");

function isConstant(node: Expression): boolean {
  if (node.type === "UnaryExpression") return isConstant(node.argument);
  return /^(?:ArrowFunctionExpression|FunctionExpression|Literal)$/.test(node.type);
}
