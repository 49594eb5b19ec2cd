/**
 * Functions that programs share, as `kernel({ use })` takes them.
 *
 * @module
 */

import { type FunctionNode, moveBehind, parseFunction } from "./syntax.ts";
import { callSite, Source } from "./source.ts";

/** Functions for programs, with the maps, globals and constants that they use. `F` are the functions. */
export interface SharedFunctions<F> {
  /** What they use of what is outside of them. */
  readonly definition: object;
  /** Gives them: it is compiled with the programs, never called. */
  readonly make: (outside: never) => F;
  /** Where they were written: `opens.ts:12`. */
  readonly site: string | undefined;
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
  return { definition, make, site: callSite() };
}

/** Their text, which is read once. @throws {KernelCodeError} */
export function sharedText(functions: SharedFunctions<unknown>): SharedText {
  const known = TEXTS.get(functions);
  if (known) return known;
  const { make, site } = functions;
  const source = new Source("functions", Function.prototype.toString.call(make), site);
  const node = parseFunction(source);
  moveBehind(node, source);
  const text = { source, node };
  TEXTS.set(functions, text);
  return text;
}

const TEXTS = new WeakMap<SharedFunctions<unknown>, SharedText>();
