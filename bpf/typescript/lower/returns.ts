/**
 * `return`, of a program and of the functions in it.
 *
 * @module
 */

import type { Expression, Node } from "../language/syntax.ts";
import { lower } from "./expressions.ts";
import { asLoaded, joined } from "./loaded.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { isText } from "./texts.ts";
import { verdict } from "./verdicts.ts";

/** Ends the function with a value or without. */
export function returnValue(
  program: Program,
  node: Node,
  argument: Expression | undefined,
  scope: Scope,
): void {
  const { builder } = program;
  const inlined = program.inlined.at(-1);
  if (!inlined) {
    return verdict(program, argument, scope);
  }
  const value = argument && lower(program, argument, scope);
  if (!value || value.kind === "undefined" || value.kind === "void") {
    inlined.returnsNothing = true;
  } else {
    if (isText(value)) {
      throw program.error(
        argument,
        "a function with several returns gives numbers, and this is a text: call what needs it in each place",
      );
    }
    const loaded = asLoaded(program, argument, value);
    if (inlined.result) {
      const { reg, type } = inlined.result;
      const isOpen = type === undefined && loaded.type === undefined;
      const both = isOpen ? undefined : joined(program, node, { operand: reg, type }, loaded);
      inlined.result = { reg, type: both };
    } else {
      inlined.result = { reg: builder.register(), type: loaded.type };
    }
    builder.move(inlined.result.reg, loaded.operand);
  }
  if (inlined.returnsNothing && inlined.result) {
    throw program.error(node, "the function returns a value in one place and none in another");
  }
  builder.jump(inlined.end);
}
