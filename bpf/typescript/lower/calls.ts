/**
 * Calls of built-in functions, of maps' methods, and of local functions.
 *
 * @module
 */

import type { Call, Expression, FunctionNode, Node, Statement } from "../language/syntax.ts";
import { PLAIN } from "../language/types.ts";
import { some } from "./effects.ts";
import { lower } from "./expressions.ts";
import { asLoaded, describeValue } from "./loaded.ts";
import { mapMethod } from "./map_methods.ts";
import { field, nameOf, stringOf } from "./members.ts";
import { unknownName } from "./near_names.ts";
import { packetMethod } from "./packets.ts";
import type { Program } from "./program.ts";
import { Scope } from "./scope.ts";
import { statements } from "./statements.ts";
import { bind, settle } from "./declarations.ts";
import { includes } from "./includes.ts";
import { madeBy } from "./unmade_maps.ts";
import { type Value, VOID } from "./values.ts";
import { callBuiltin, convert } from "./builtins.ts";

/** Compiles a call. */
export function call(program: Program, node: Call, scope: Scope): Value {
  const { callee } = node;
  if (node.optional) throw program.error(node, "only fields can be optional: x?.field");
  const conversion = conversionOf(callee, scope);
  if (conversion) return convertBy(program, node, conversion, scope);
  const isNamed = callee.type === "MemberExpression" &&
    (!callee.computed || stringOf(callee.property) !== undefined);
  const target = isNamed
    ? field(
      program,
      callee,
      lower(program, callee.object, scope),
      nameOf(program, callee.property, callee.computed),
    )
    : lower(program, callee, scope);
  program.builder.line = program.source.line(node.start);
  switch (target.kind) {
    case "builtin":
      return callBuiltin(program, node, target.builtin, scope);
    case "function":
      return inline(program, node, target.node, target.scope, scope);
    case "method":
      if (target.object.kind === "map") {
        return mapMethod(program, node, target.object, target.name, scope);
      }
      if (target.object.kind === "unmade") {
        const map = madeBy(program, node, target.object.name, target.name, scope);
        return mapMethod(program, node, map, target.name, scope);
      }
      if (target.object.kind === "packet") return packetMethod(program, node, target.name, scope);
      if (target.name === "includes") return includes(program, node, target.object, scope);
      throw program.error(
        node,
        `texts have no ${target.name}() in the kernel: compare them whole, or by includes("…")`,
      );
  }
  const unknown = target.kind === "unmade"
    ? unknownName(target.name) ?? `nothing is called ${target.name} here`
    : `${describeValue(target)} is no function`;
  throw program.error(callee, unknown);
}

/** JavaScript's own conversions: `Number`, `BigInt`, `BigInt.asUintN`. */
function conversionOf(callee: Expression, scope: Scope): string | undefined {
  if (callee.type === "Identifier" && !scope.find(callee.name)) {
    return CONVERSIONS.has(callee.name) ? callee.name : undefined;
  }
  if (callee.type !== "MemberExpression" || callee.object.type !== "Identifier") return undefined;
  if (scope.find(callee.object.name) || callee.computed) return undefined;
  const name = `${callee.object.name}.${(callee.property as { name?: string }).name}`;
  return CONVERSIONS.has(name) ? name : undefined;
}

const CONVERSIONS = new Set(["Number", "BigInt", "BigInt.asUintN", "BigInt.asIntN"]);

function convertBy(program: Program, node: Call, name: string, scope: Scope): Value {
  const [first, second] = node.arguments;
  if (name === "Number" || name === "BigInt") {
    if (!first || second) throw program.error(node, `${name}() takes one value`);
    const value = lower(program, first, scope);
    // Number and bigint are the same 64 bits here.
    if (value.kind !== "constant") asLoaded(program, first, value);
    return value;
  }
  if (!first || !second) throw program.error(node, `${name}() takes the bits and a value`);
  return convert(program, node, second, first, name === "BigInt.asIntN", scope);
}

/** Inlines a local function. */
function inline(
  program: Program,
  node: Call,
  called: FunctionNode,
  closure: Scope,
  scope: Scope,
): Value {
  const { builder } = program;
  checkFunction(program, called);
  if (program.inlined.some((each) => each.node === called)) {
    throw program.error(node, "functions cannot call themselves: the kernel wants to see the end");
  }
  const special = called.params.find(({ type }) =>
    type === "AssignmentPattern" || type === "RestElement"
  );
  if (special) {
    const what = special.type === "RestElement" ? "the rest of arguments is" : "default values are";
    throw program.error(special, `${what} not in the language: give the function every value`);
  }
  if (node.arguments.length !== called.params.length) {
    const [takes, given] = [called.params.length, node.arguments.length];
    throw program.error(node, `this function takes ${takes} values, got ${given}`);
  }
  const values = node.arguments.map((each) => settle(program, each, lower(program, each, scope)));
  const inner = new Scope(closure);
  called.params.forEach((pattern, i) => bind(program, pattern, values[i]!, inner));
  const end = builder.block();
  const inlined = { node: called, end, result: undefined, returnsNothing: false };
  program.inlined.push(inlined);
  try {
    return program.apart(() => {
      if (called.body.type !== "BlockStatement") {
        return lower(program, called.body as Expression, inner);
      }
      const body = called.body.body as readonly Statement[];
      const only = onlyReturn(body);
      if (only) {
        const block = new Scope(inner);
        statements(program, body, inner, { scope: block, all: false });
        return settle(program, only, lower(program, only, block));
      }
      statements(program, body, inner);
      const falls = builder.isOpen;
      builder.enter(end);
      const { result } = inlined as {
        result: { reg: number; type: typeof PLAIN | undefined } | undefined;
      };
      if (!result) return VOID;
      if (falls) throw program.error(called, "this function ends in one place without a value");
      return { kind: "register", reg: result.reg, type: result.type ?? PLAIN };
    });
  } finally {
    program.inlined.pop();
  }
}

/** The result of a function with one return, at its end: it may be of any type. */
function onlyReturn(body: readonly Statement[]): Expression | undefined {
  const last = body.at(-1);
  if (last?.type !== "ReturnStatement" || !last.argument) return undefined;
  const others = body.slice(0, -1);
  return others.some((node) => some(node, ({ type }) => type === "ReturnStatement"))
    ? undefined
    : last.argument;
}

/** @throws {KernelCodeError} for async functions and generators */
export function checkFunction(program: Program, node: FunctionNode): void {
  const problem = node.async ? "async" : node.generator ? "a generator" : undefined;
  if (problem) {
    throw program.error(
      node as Node,
      `a program in the kernel does not wait: it cannot be ${problem}`,
    );
  }
}
