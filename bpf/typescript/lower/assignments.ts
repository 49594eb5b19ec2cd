/**
 * Assignments: to variables, globals, and fields in memory.
 *
 * @module
 */

import type { Assignment, Expression, Node } from "../language/syntax.ts";
import { settle } from "./declarations.ts";
import { describeType, type Int, isScalar, type Scalar } from "../language/types.ts";
import { lower, operate } from "./expressions.ts";
import { asLoaded, present } from "./loaded.ts";
import { Again, type Program } from "./program.ts";
import type { Scope, Variable } from "./scope.ts";
import { storeInto } from "./stores.ts";
import { constant, type InMemory, type Loaded, type Value } from "./values.ts";

/** `a = b` and `a += b`; its value is what was assigned. */
export function assignment(program: Program, node: Assignment, scope: Scope): Value {
  const operator = node.operator.slice(0, -1);
  if (/^(?:&&|\|\||\?\?)$/.test(operator)) {
    throw program.error(node, `${node.operator} is not in the language: write an if`);
  }
  return assign(program, node, node.left, scope, (old) => {
    const value = lower(program, node.right, scope);
    return operator === "" ? value : operate(program, node, operator, old(), value);
  });
}

/** `a++` and `--a` */
export function update(
  program: Program,
  node: Expression & { type: "UpdateExpression" },
  scope: Scope,
): Value {
  let before: Value | undefined;
  const after = assign(program, node, node.argument, scope, (old) => {
    const now = old();
    // Later reads use the new value.
    before = node.prefix ? now : settle(program, node, now);
    return operate(program, node, node.operator[0]!, before, constant(1n));
  });
  return node.prefix ? after : before!;
}

/**
 * Compiles `place += x;` and the like as a statement: 32- and 64-bit numbers in maps and globals
 * are added to atomically, so that no other CPU's update is lost. False for all else.
 */
export function addInPlace(
  program: Program,
  node: Expression & { type: "AssignmentExpression" | "UpdateExpression" },
  scope: Scope,
): boolean {
  const [target, operator] = node.type === "AssignmentExpression"
    ? [node.left, node.operator.slice(0, -1)]
    : [node.argument, node.operator[0]!];
  if (target.type !== "MemberExpression" || operator !== "+" && operator !== "-") return false;
  const { builder } = program;
  const place = placeOf(program, target, scope);
  const by = node.type === "AssignmentExpression"
    ? lower(program, node.right, scope)
    : constant(1n);
  if (!isShared(program, place)) {
    storeField(program, node, place, operate(program, node, operator, place, by));
    return true;
  }
  // Compiled only for its errors: mixed signs, booleans, texts.
  builder.discard(() => operate(program, node, operator, place, by));
  const { operand } = asLoaded(program, node, by);
  const added = operator === "+" ? operand : builder.alu("sub", 0n, operand);
  builder.keep();
  builder.atomicAdd(place.base, place.offset, (place.type as Int).bits / 8 as 4 | 8, added);
  return true;
}

/** Whether a location in memory holds a number that other CPUs may write as well. */
function isShared(program: Program, { type, base, offset, bits }: InMemory): boolean {
  return !bits && typeof base === "number" && base !== program.context && type.kind === "int" &&
    (type.bits === 32 || type.bits === 64) && !type.bigEndian && offset % (type.bits / 8) === 0;
}

function assign(
  program: Program,
  node: Node,
  target: Expression,
  scope: Scope,
  compute: (old: () => Value) => Value,
): Value {
  if (target.type === "Identifier") {
    const binding = scope.find(target.name);
    if (binding?.kind === "variable") {
      const old = (): Value => ({ kind: "register", reg: binding.reg, type: binding.type });
      setVariable(program, node, target.name, binding, compute(old));
      return old();
    }
    throw program.error(
      target,
      binding?.kind === "global"
        ? `${target.name} is a copy from outside: assign to the object, such as ` +
          `(context, outside) => outside.${target.name} = …`
        : binding?.kind === "later"
        ? `${target.name} is declared further down or elsewhere: assign to it behind that`
        : binding
        ? `${target.name} is a const or a parameter: declare it with let`
        : `nothing is called ${target.name} here`,
    );
  }
  if (target.type !== "MemberExpression") {
    throw program.error(target, "only variables and fields can be assigned to");
  }
  const place = placeOf(program, target, scope);
  const value = compute(() => place);
  return storeField(program, node, place, value);
}

/** The target of an assignment. @throws {KernelCodeError} where that is not possible */
function placeOf(program: Program, target: Expression, scope: Scope): InMemory {
  const found = lower(program, target, scope);
  if (found.kind === "global") program.assigned.set(found.name, target);
  const place = present(program, target, found);
  if (place.kind !== "memory") throw program.error(target, unassignable(program, target, scope));
  if (place.readOnly) throw program.error(target, place.readOnly);
  if (place.access !== "direct") {
    throw program.error(target, "the kernel's own memory can only be read");
  }
  return place;
}

function unassignable(program: Program, target: Expression, scope: Scope): string {
  if (target.type !== "MemberExpression") return "this cannot be assigned to";
  const object = program.builder.discard(() => lower(program, target.object, scope));
  if (object.kind === "object") {
    return "an object keeps what it was made of: make it with the new value, or use variables (let)";
  }
  if (object.kind === "elements") {
    return "a list keeps what it was made of: use variables (let), or an array in a struct of a map";
  }
  if (!target.computed) return "this cannot be assigned to";
  return "only an element whose number is known when compiling can be assigned to, such as array[1]: choose it by " +
    "if or switch, or use a map";
}

function storeField(program: Program, node: Node, place: InMemory, value: Value): Value {
  if (place.bits) throw program.error(node, "bit-fields can only be read");
  if (!isScalar(place.type)) {
    storeInto(program, node, value, place.type, place.base, place.offset);
    return { kind: "void" };
  }
  const { operand, type } = asLoaded(program, node, value);
  storeInto(program, node, value, place.type, place.base, place.offset, { operand, type });
  return typeof operand === "bigint"
    ? constant(operand, type?.kind === "bool" ? "bool" : "bigint")
    : { kind: "register", reg: operand, type: type as Scalar };
}

/** Assigns to a variable. @throws {KernelCodeError} when its type cannot hold the value */
export function setVariable(
  program: Program,
  node: Node,
  name: string,
  variable: Variable,
  value: Value,
): void {
  const loaded = asLoaded(program, node, value);
  checkVariable(program, node, name, variable, loaded);
  program.builder.move(variable.reg, loaded.operand);
}

function checkVariable(
  program: Program,
  node: Node,
  name: string,
  { type, node: declared, isFlexible }: Variable,
  loaded: Loaded,
): void {
  const isBool = loaded.type?.kind === "bool";
  if (isBool !== (type.kind === "bool")) {
    const [has, gets] = isBool ? ["numbers", "a boolean"] : ["booleans", "a number"];
    throw program.error(node, `${name} holds ${has}, and this is ${gets}`);
  }
  if (isBool) return;
  const { operand } = loaded;
  const found = loaded.type as Int | undefined;
  const { signed } = type as Int;
  if (signed && found && !found.signed && found.bits === 64) {
    // The variable was declared with a plain number, which leaves its signedness open.
    if (isFlexible) {
      program.unsigned.add(declared.start);
      throw new Again();
    }
    throw program.error(
      node,
      `${name} holds signed numbers, and this is ${describeType(found)}: write signed(…) around it`,
    );
  }
  const negative = typeof operand === "bigint" ? operand < 0n : found?.signed;
  if (!signed && negative) {
    throw program.error(
      node,
      `${name} holds unsigned numbers, and this may be negative: write unsigned(…) around it, or ` +
        `let ${name} begin with signed(…)`,
    );
  }
}
