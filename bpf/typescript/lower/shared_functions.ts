/**
 * Functions that programs share: `({ calls }) => ({ enter(…) { … } })` gives them, and each is compiled in
 * the place of its calls, as local functions are.
 *
 * @module
 */

import { type SharedFunctions, type SharedText, sharedText } from "../language/shared_functions.ts";
import type { Expression, Node, ObjectLiteral, Statement } from "../language/syntax.ts";
import { checkFunction } from "./calls.ts";
import { bind } from "./declarations.ts";
import { lower } from "./expressions.ts";
import { nameOf } from "./members.ts";
import type { Program } from "./program.ts";
import { Scope } from "./scope.ts";
import type { Value } from "./values.ts";

/** The function of that name; undefined if nobody gives one. */
export function sharedFunction(program: Program, name: string): Value | undefined {
  const from = program.outside.functions.get(name);
  return from && functionsOf(program, from).get(name);
}

/** The names of functions, without compiling anything. @throws {KernelCodeError} */
export function functionNames(functions: SharedFunctions<unknown>): string[] {
  const text = sharedText(functions);
  return returned(text).properties.map((property) => {
    const key = property.type === "Property" && !property.computed ? property.key : undefined;
    if (key?.type === "Identifier") return key.name;
    throw refusal(text, property, "name each function that programs are given");
  });
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
    if (property.type !== "Property") continue; // functionNames() refused it
    const value = lower(program, property.value, scope);
    if (value.kind !== "function") {
      throw program.error(property, "programs can only be given functions");
    }
    found.set(nameOf(program, property.key, property.computed), value);
  }
  return found;
}

/** A function or constant that the others use; they run nowhere before they are called. */
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

function statementsOf({ node: { body } }: SharedText): readonly Statement[] {
  return body.type === "BlockStatement" ? body.body as readonly Statement[] : [];
}

/** The object that holds the functions. */
function returned(text: SharedText): ObjectLiteral {
  const { body } = text.node;
  const last = statementsOf(text).at(-1);
  let node = body.type !== "BlockStatement"
    ? body as Expression
    : last?.type === "ReturnStatement"
    ? last.argument
    : undefined;
  while (node?.type === "ParenthesizedExpression") node = node.expression;
  if (node?.type === "ObjectExpression") return node;
  throw refusal(text, node ?? body, "what programs are given is an object of functions: ({ … })");
}

const refusal = ({ source }: SharedText, node: Node, problem: string) =>
  source.error(node, problem);
