/**
 * Declarations: variables, and names for values and their parts.
 *
 * @module
 */

import type { Declaration, Expression, Node, Pattern, Statement } from "../language/syntax.ts";
import { BOOL, I64, type Scalar, type Type, U64 } from "../language/types.ts";
import { assigns } from "./effects.ts";
import { lower } from "./expressions.ts";
import { follow } from "./kernel_memory.ts";
import { asLoaded, present } from "./loaded.ts";
import { elementOf, field, nameOf } from "./members.ts";
import { copy, loadScalar } from "./memory.ts";
import { settleObject } from "./objects.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { placeOf } from "./texts.ts";
import type { InMemory, Value } from "./values.ts";

/** Compiles `const` and `let`; `around` is the code that may assign to the variables. */
export function declaration(
  program: Program,
  node: Declaration,
  scope: Scope,
  around: readonly Node[],
): void {
  if (node.kind !== "const" && node.kind !== "let") {
    throw program.error(node, `${node.kind} is not in the language: write const or let`);
  }
  for (const { id, init, start, end } of node.declarations) {
    if (!init) {
      throw program.error({ start, end }, "give it a value that tells its type: let x = 0");
    }
    const value = lower(program, init, scope);
    program.builder.line = program.source.line(start);
    // Minifiers turn const into let.
    if (node.kind === "let" && id.type === "Identifier" && assigns(around, id.name)) {
      declareVariable(program, id, init, value, scope);
    } else {
      bind(program, id, value, scope);
    }
  }
}

function declareVariable(
  program: Program,
  id: Pattern & { type: "Identifier" },
  init: Expression,
  given: Value,
  scope: Scope,
): void {
  if (given.kind === "optional" && given.value === undefined) {
    throw program.error(id, "variables hold numbers and booleans: declare this with const");
  }
  const value = present(program, init, given);
  if (value.kind !== "constant" && value.kind !== "register" && value.kind !== "memory") {
    throw program.error(id, "variables hold numbers and booleans: declare this with const");
  }
  const { operand, type } = asLoaded(program, init, value);
  const isFlexible = type === undefined || type.kind === "int" && type.isPlain === true;
  const reg = program.builder.register();
  program.builder.move(reg, operand);
  if (typeof operand === "bigint") program.bounds.set(reg, Number(operand));
  const chosen: Scalar = type === undefined || isFlexible
    ? program.unsigned.has(id.start) ? U64 : I64
    : type.kind === "bool"
    ? BOOL
    : type.signed
    ? I64
    : U64;
  scope.add(id.name, {
    kind: "variable",
    reg,
    type: chosen,
    node: id,
    isFlexible: isFlexible && !program.unsigned.has(id.start),
  });
  program.variables.add(reg);
}

/** The names that a statement declares, functions aside. */
export function namesOf(node: Statement): string[] {
  if (node.type !== "VariableDeclaration") return [];
  const names = (pattern: Pattern | null): string[] => {
    switch (pattern?.type) {
      case "Identifier":
        return [pattern.name];
      case "ObjectPattern":
        return pattern.properties.flatMap(({ value }) => names(value));
      case "ArrayPattern":
        return pattern.elements.flatMap(names);
    }
    return [];
  };
  return node.declarations.flatMap(({ id }) => names(id));
}

/** Binds the names of a pattern to a value and its parts. */
export function bind(program: Program, pattern: Pattern, value: Value, scope: Scope): void {
  switch (pattern.type) {
    case "Identifier":
      return scope.add(pattern.name, settle(program, pattern, value));
    case "ObjectPattern":
      for (const property of pattern.properties) {
        if (property.type === "RestElement") {
          throw program.error(property, "name each field instead of taking the rest");
        }
        const name = nameOf(program, property.key, property.computed);
        const part = field(program, property, value, name);
        if (part.kind === "global" && value.kind === "outside") {
          // Read at each use: a program that also assigns to it is refused.
          program.taken.set(part.name, property);
          if (property.value.type === "Identifier") {
            scope.add(property.value.name, part);
            continue;
          }
        }
        bind(program, property.value, part, scope);
      }
      return;
    case "ArrayPattern":
      pattern.elements.forEach((element, i) => {
        if (element) bind(program, element, elementOf(program, element, value, i), scope);
      });
      return;
    case "AssignmentPattern":
      throw program.error(pattern, "default values are not in the language: write x ?? 0");
  }
  throw program.error(pattern, "the rest of a list is not in the language: name each");
}

/** A snapshot of a value. */
export function settle(program: Program, node: Node, value: Value): Value {
  const { builder } = program;
  switch (value.kind) {
    case "register": {
      const reg = program.variables.has(value.reg) ? builder.copy(value.reg) : value.reg;
      builder.keep();
      return { ...value, reg };
    }
    case "computed":
      return settle(program, node, value.make());
    case "global":
      return settle(program, node, present(program, node, value));
    case "optional":
      builder.keep();
      return value;
    case "object":
      return settleObject(program, value);
    case "made":
      return { ...placeOf(program, node, value), readOnly: "texts cannot be changed" };
    case "memory": {
      // The context is immutable; its members are read at each use.
      if (value.base === program.context && value.access === "direct") return value;
      if (value.type.kind === "pointer") return follow(program, value);
      if (value.type.kind === "int" || value.type.kind === "bool") {
        return settle(program, node, loadScalar(program, value));
      }
      builder.keep();
      if (value.type.kind === "text" && value.access === "direct" && !value.readOnly) {
        return textCopy(program, value);
      }
      return value;
    }
    default:
      return value;
  }
}

/** A text that programs may overwrite meanwhile is copied: texts are values, like numbers. */
function textCopy(program: Program, text: InMemory): InMemory {
  const { size } = text.type as Type & { kind: "text" };
  const slot = program.builder.slot(size);
  copy(program, text, slot, 0, size);
  return { ...text, base: slot, offset: 0, readOnly: "texts cannot be changed" };
}
