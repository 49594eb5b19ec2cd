/**
 * `object.field`, `array[index]` and objects with methods.
 *
 * @module
 */

import type { Expression, MemberAccess, Node } from "../language/syntax.ts";
import { isScalar, membersOf, sizeOfType, type Type, typeOf } from "../language/types.ts";
import { lower } from "./expressions.ts";
import { asLoaded, describeValue, present } from "./loaded.ts";
import { isKernel, kernelMember } from "./kernel_memory.ts";
import { loadScalar } from "./memory.ts";
import { objectField } from "./objects.ts";
import { PACKET_FIELDS, packetField } from "./packets.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { sharedFunction } from "./shared_functions.ts";
import { constant, type InMemory, type Optional, UNDEFINED, type Value } from "./values.ts";

/** Compiles `object.field` and `object[index]`. */
export function member(program: Program, node: MemberAccess, scope: Scope): Value {
  const object = lower(program, node.object, scope);
  if (object.kind === "undefined" && node.optional) return UNDEFINED;
  if (node.computed && stringOf(node.property) === undefined) {
    return element(program, node, object, scope);
  }
  const name = nameOf(program, node.property, node.computed);
  if (node.optional && object.kind === "optional" && !program.known.has(object.pointer)) {
    return optionalField(program, node, object, name);
  }
  return field(program, node, object, name);
}

/** The text of a literal. */
export const stringOf = (node: Expression) =>
  node.type === "Literal" && typeof node.value === "string" ? node.value : undefined;

/** A field's name. */
export function nameOf(program: Program, node: Expression, computed: boolean): string {
  if (node.type === "Identifier" && !computed) return node.name;
  const text = stringOf(node);
  if (text !== undefined) return text;
  throw program.error(node, "a field's name has to be written out");
}

/** A field of a value. @throws {KernelCodeError} listing the fields that exist */
export function field(program: Program, node: Node, object: Value, name: string): Value {
  switch (object.kind) {
    case "outside":
      return outsideField(program, node, name);
    case "fields": {
      const found = object.fields.get(name);
      if (found) return found;
      throw program.error(
        node,
        `${object.what} has no field "${name}": it has ${listed([...object.fields.keys()])}`,
      );
    }
    case "object":
      return objectField(program, node, object, name);
    case "elements":
      if (object.isOpen) throw program.error(node, countUnknown(object.what));
      if (name === "length") return constant(BigInt(object.elements.length), "number");
      throw program.error(
        node,
        `${object.what} has no ${name} in the kernel: go through it by for (const x of …)`,
      );
    case "packet": {
      const found = packetField(program, object, name);
      if (found) return found;
      throw program.error(
        node,
        `packets have no field "${name}": they have ${listed(PACKET_FIELDS)}`,
      );
    }
    case "map":
    case "unmade":
    case "string":
    case "made":
      return { kind: "method", object, name };
  }
  const found = present(program, node, object);
  if (found.kind === "memory") {
    if (found.type.kind === "array" && name !== "length" && !isKernel(found)) {
      throw program.error(
        node,
        `arrays have no ${name} in the kernel: go through them by for (const x of …)`,
      );
    }
    if (isKernel(found)) return kernelMember(program, node, found, name);
    if (found.type.kind === "struct") return structField(program, node, found, name);
    if (found.type.kind === "array" && name === "length") {
      return constant(BigInt(found.type.length), "number");
    }
    if (found.type.kind === "text") return { kind: "method", object: found, name };
  }
  throw program.error(node, `${describeValue(found)} has no field "${name}"`);
}

function outsideField(program: Program, node: Node, name: string): Value {
  const { outside, source } = program;
  const map = outside.maps.get(name);
  if (map) return { kind: "map", name, definition: map };
  if (outside.globals.has(name)) return { kind: "global", name };
  const known = outside.constants.get(name);
  switch (typeof known) {
    case "number":
      return constant(BigInt(known), "number");
    case "bigint":
      return constant(known);
    case "boolean":
      return constant(known ? 1n : 0n, "bool");
    case "string":
      return { kind: "string", text: known };
  }
  const found = sharedFunction(program, name);
  if (found) return found;
  const { maps, globals, constants, functions } = outside;
  const names = [maps, globals, constants, functions].flatMap((each) => [...each.keys()]);
  throw source.error(node, `kernel() was given nothing called "${name}": it has ${listed(names)}`);
}

/** A field of a struct in memory. */
export function structField(
  program: Program,
  node: Node,
  object: InMemory,
  name: string,
): InMemory {
  const { shape } = object.type as Type & { kind: "struct" };
  const members = membersOf(shape);
  const found = members.find((each) => each.name === name);
  const what = `${shape.kind} ${shape.name}`.trim();
  if (!found) {
    const names = listed(members.map((each) => each.name));
    throw program.error(node, `${what} has no field "${name}": it has ${names}`);
  }
  const type = typeOf(found.type);
  if (!type) throw program.error(node, `field "${name}" is a fraction, and programs have none`);
  const bytes = sizeOfType(type);
  if (found.bitSize === undefined) {
    return { ...object, offset: object.offset + found.bitOffset / 8, type };
  }
  // Load the integer of the declared type that contains the bit-field, at an aligned offset.
  const unit = Math.floor(found.bitOffset / (8 * bytes)) * bytes;
  const bits = { width: found.bitSize, shift: found.bitOffset - 8 * unit };
  return { ...object, offset: object.offset + unit, type, bits };
}

/** `object?.field` of a value that may be missing. */
function optionalField(program: Program, node: Node, object: Optional, name: string): Value {
  const { builder } = program;
  const { pointer, type, access } = object;
  if (object.value !== undefined || type.kind !== "struct") {
    throw program.error(node, `a number has no field "${name}"`);
  }
  const place = structField(program, node, {
    kind: "memory",
    base: pointer,
    offset: 0,
    type,
    access,
  }, name);
  if (!isScalar(place.type)) {
    throw program.error(node, "check the struct first: if (x === undefined) return");
  }
  const [there, end] = [builder.block(), builder.block()];
  const value = builder.register();
  builder.move(value, 0n);
  builder.branch("ne", pointer, 0n, there, end);
  builder.enter(there);
  const loaded = loadScalar(program, place);
  builder.move(value, loaded.reg);
  builder.enter(end);
  return { kind: "optional", pointer, value, type: loaded.type, access: "direct" };
}

/** `array[index]` */
function element(program: Program, node: MemberAccess, object: Value, scope: Scope): Value {
  const index = lower(program, node.property, scope);
  if (index.kind === "string") return field(program, node, object, index.text);
  if (index.kind !== "constant") {
    return elementAt(program, node, present(program, node, object), index);
  }
  return elementOf(program, node, object, Number(index.value));
}

/** The element at a constant index. */
export function elementOf(program: Program, node: Node, object: Value, index: number): Value {
  const found = present(program, node, object);
  const length = lengthOf(found);
  if (found.kind === "map") {
    const { name } = found;
    throw program.error(
      node,
      `a map has no [ ]: write ${name}.get(key) and ${name}.set(key, value)`,
    );
  }
  if (length === undefined) throw program.error(node, `${describeValue(found)} has no elements`);
  if (!(index >= 0 && index < length)) {
    throw program.error(node, `there is no element ${index}: there are ${length}, counted from 0`);
  }
  if (found.kind === "elements") return found.elements[index]!;
  const { element } = (found as InMemory).type as Type & { kind: "array" };
  const place = found as InMemory;
  return { ...place, offset: place.offset + index * sizeOfType(element), type: element };
}

/** The number of elements, if it is an array. */
export function lengthOf(value: Value): number | undefined {
  if (value.kind === "elements") return value.elements.length;
  return value.kind === "memory" && value.type.kind === "array" ? value.type.length : undefined;
}

/** The error where the number of arguments is asked for, which only the caller knows. */
export const countUnknown = (what: string) =>
  `how many ${what.replace(/^the /, "")} there are is not known here: name each, such as args[0]`;

/** The element at a computed index: outside of the array it is missing, and used unchecked it is 0. */
function elementAt(program: Program, node: MemberAccess, array: Value, index: Value): Value {
  const { builder } = program;
  if (array.kind === "map") {
    const { name } = array;
    throw program.error(
      node,
      `a map has no [ ]: write ${name}.get(key) and ${name}.set(key, value)`,
    );
  }
  if (array.kind !== "memory" || array.type.kind !== "array" || !isScalar(array.type.element)) {
    throw program.error(
      node,
      "the index must be a compile-time constant: use for (const x of …), or write the number",
    );
  }
  if (array.access === "direct" && array.base === program.context) {
    throw program.error(
      node,
      "the index must be a compile-time constant: use for (const x of …), or write the number",
    );
  }
  const { element, length } = array.type;
  const { operand } = asLoaded(program, node.property, index);
  const [inside, end] = [builder.block(), builder.block()];
  const [reg, at, isInside] = [builder.register(), builder.copy(operand), builder.register()];
  builder.keep();
  builder.move(reg, 0n);
  builder.move(isInside, 0n);
  builder.branch("lt", at, BigInt(length), inside, end);
  builder.enter(inside);
  const start = typeof array.base === "number" ? array.base : builder.address(array.base, 0);
  const base = builder.alu("add", start, builder.alu("mul", at, BigInt(sizeOfType(element))));
  const loaded = loadScalar(program, { ...array, base: base as number, type: element });
  builder.move(reg, loaded.reg);
  builder.move(isInside, 1n);
  builder.enter(end);
  const { type } = loaded;
  return {
    kind: "optional",
    pointer: isInside,
    value: reg,
    type,
    access: "direct",
    isLenient: true,
  };
}

const listed = (names: readonly string[]) => names.length === 0 ? "nothing" : names.join(", ");
