/**
 * Functions that programs share, as `kernel({ use })` takes them.
 *
 * @module
 */

import {
  type Expression,
  type FunctionNode,
  moveBehind,
  type Node,
  type ObjectLiteral,
  parseFunction,
  type Statement,
} from "./syntax.ts";
import { callSite, Source } from "./source.ts";

/** Functions for programs, with the maps, globals and constants that they use. `F` are the functions. */
export interface SharedFunctions<F> {
  /** The maps, globals and constants that they use. */
  readonly definition: object;
  /** Returns them: it is compiled with the programs, never called. */
  readonly make: (outside: never) => F;
  /** Where they were written: `/home/me/opens.ts:12:3`. */
  readonly site: string | undefined;
  /** Their names, without compiling anything. @throws {KernelCodeError} */
  names(): string[];
}

/** The text of shared functions. */
export interface SharedText {
  readonly source: Source;
  readonly node: FunctionNode;
}

/** Functions of a definition. */
export function shared<F>(
  definition: object,
  make: (outside: never) => F,
): SharedFunctions<F> {
  const functions: SharedFunctions<F> = {
    definition,
    make,
    site: callSite(),
    // A method, so that a definition that shares nothing is laid out without the parser.
    names: () => functionNames(functions),
  };
  return functions;
}

/** Their text, which is read once. @throws {KernelCodeError} */
export function sharedText(functions: SharedFunctions<unknown>): SharedText {
  const known = TEXTS.get(functions);
  if (known) return known;
  const { make, site } = functions;
  const source = new Source("functions", Function.prototype.toString.call(make), site, make.name);
  const node = parseFunction(source);
  moveBehind(node, source);
  const text = { source, node };
  TEXTS.set(functions, text);
  return text;
}

const TEXTS = new WeakMap<SharedFunctions<unknown>, SharedText>();

function functionNames(functions: SharedFunctions<unknown>): string[] {
  const text = sharedText(functions);
  return returned(text).properties.map((property) => {
    const key = property.type === "Property" && !property.computed ? property.key : undefined;
    if (key?.type === "Identifier") return key.name;
    throw refusal(text, property, "name each function that programs are given");
  });
}

/** The statements of their text; the last one returns the object that holds the functions. */
export function statementsOf({ node: { body } }: SharedText): readonly Statement[] {
  return body.type === "BlockStatement" ? body.body as readonly Statement[] : [];
}

/** The object that holds the functions. */
export function returned(text: SharedText): ObjectLiteral {
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
