/**
 * `switch`
 *
 * @module
 */

import type { Switch } from "../language/syntax.ts";
import { testFor } from "./arithmetic.ts";
import { compareMixed } from "./conditions.ts";
import { lower } from "./expressions.ts";
import { asLoaded, present } from "./loaded.ts";
import { inRegister } from "./memory.ts";
import type { Program } from "./program.ts";
import { Scope } from "./scope.ts";
import { statements } from "./statements.ts";
import { namesOf, settle } from "./declarations.ts";
import { isText, placeOf, textsEqual } from "./texts.ts";

/** Compiles a switch over numbers or texts; a case without break falls through. */
export function switchStatement(program: Program, node: Switch, outer: Scope): void {
  const { builder } = program;
  const given = present(
    program,
    node.discriminant,
    lower(program, node.discriminant, outer),
  );
  const value = isText(given) && given.kind !== "string"
    ? placeOf(program, node.discriminant, given)
    : settle(program, node.discriminant, given);
  const bodies = node.cases.map(() => builder.block());
  const end = builder.block();
  node.cases.forEach(({ test }, i) => {
    if (!test) return;
    const next = builder.block();
    const other = lower(program, test, outer);
    builder.line = program.source.line(test.start);
    if (isText(value)) textsEqual(program, test, value, other, bodies[i]!, next);
    else {
      const [a, b] = [
        asLoaded(program, node.discriminant, value),
        asLoaded(program, test, other),
      ];
      const { mixed } = testFor(program, test, "===", a, b);
      if (mixed) compareMixed(program, "eq", a, b, bodies[i]!, next);
      else builder.branch("eq", inRegister(program, a.operand), b.operand, bodies[i]!, next);
    }
    builder.enter(next);
  });
  const others = node.cases.findIndex(({ test }) => !test);
  builder.jump(others < 0 ? end : bodies[others]!);
  const scope = new Scope(outer);
  scope.reserve(node.cases.flatMap(({ consequent }) => consequent.flatMap(namesOf)));
  program.loops.push({ label: undefined, breaks: end, continues: undefined });
  node.cases.forEach(({ consequent }, i) => {
    builder.enter(bodies[i]!);
    // Declarations of one case do not exist in the others: a jump to another case does not pass
    // them.
    program.apart(() => statements(program, consequent, scope));
  });
  program.loops.pop();
  builder.enter(end);
}
