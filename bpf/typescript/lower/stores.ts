/**
 * Stores values of any type: in keys, map values, events.
 *
 * @module
 */

import type { Base } from "../code/ir.ts";
import type { Assignment, Node } from "../language/syntax.ts";
import {
  describeType,
  type Int,
  isScalar,
  membersOf,
  type Scalar,
  sizeOfType,
  type Type,
  typeOf,
} from "../language/types.ts";
import { holdsAddress, storeAddress } from "./addresses.ts";
import { asLoaded, describeValue, present } from "./loaded.ts";
import { clear, copy, sameLayout, storeScalar, storeText } from "./memory.ts";
import { type ObjectValue, propertiesOf, propertyValue } from "./objects.ts";
import { isStackType, storeParts } from "./stack_builtins.ts";
import type { Program } from "./program.ts";
import type { Loaded, Value } from "./values.ts";

/** The unused rest of a text's buffer: cleared, or left as it is. */
export interface StoreOptions {
  readonly keepRest?: boolean;
}

/** Stores a value as a type. @throws {KernelCodeError} for a value of another type */
export function storeInto(
  program: Program,
  node: Node,
  value: Value,
  type: Type,
  base: Base,
  offset: number,
  loaded?: Loaded,
  options: StoreOptions = {},
): void {
  if (value.kind === "address") {
    if (holdsAddress(type, value.size)) return storeAddress(program, value, base, offset);
    const wanted = value.size === 4 ? "ipv4" : "ipv6";
    throw program.error(
      node,
      `an IP address is for a field of ${wanted}, not ${describeType(type)}`,
    );
  }
  switch (type.kind) {
    case "int":
    case "bool": {
      const scalar = loaded ?? asLoaded(program, node, value);
      checkScalar(program, node, type, scalar);
      return storeScalar(program, type, base, offset, scalar.operand);
    }
    case "text":
      return storeTextValue(program, node, value, type, base, offset, options);
    default:
      if (value.kind === "object" && type.kind === "struct") {
        return storeObject(program, value, type, base, offset, options);
      }
      if (value.kind === "elements" && type.kind === "array") {
        return storeElements(program, node, value.elements, type, base, offset, options);
      }
      if (value.kind === "stack" && isStackType(type, value.which)) {
        return storeParts(program, value.parts, base, offset);
      }
      return storeCopy(program, node, value, type, base, offset);
  }
}

function checkScalar(program: Program, node: Node, type: Scalar, { operand, type: from }: Loaded) {
  if ((from?.kind === "bool") !== (type.kind === "bool")) {
    throw program.error(
      node,
      from?.kind === "bool"
        ? `${describeType(type)} is wanted here, and this is a boolean: write ${
          isLogical(node) ? "x ?? 0 or condition ? x : y" : "condition ? 1 : 0"
        }`
        : "a boolean is wanted here, and this is a number: write x !== 0",
    );
  }
  if (typeof operand !== "bigint" || type.kind === "bool") return;
  const { bits } = type as Int;
  const [least, most] = [-(1n << BigInt(bits - 1)), (1n << BigInt(bits)) - 1n];
  if (operand < least || operand > most) {
    throw program.error(node, `${operand} does not fit into ${describeType(type)}`);
  }
}

/**
 * Whether it is `a || b` or `a && b`, which is a boolean here and the value of an operand in
 * JavaScript.
 */
function isLogical(node: Node): boolean {
  if (node.type === "AssignmentExpression") return isLogical((node as Assignment).right);
  return node.type === "LogicalExpression";
}

function storeTextValue(
  program: Program,
  node: Node,
  given: Value,
  { size }: Type & { kind: "text" },
  base: Base,
  offset: number,
  { keepRest = false }: StoreOptions,
): void {
  const value = present(program, node, given);
  if (value.kind === "string") return storeText(program, node, value.text, base, offset, size);
  if (value.kind === "made") {
    if (!keepRest && !value.padded) clear(program, base, offset, size);
    return value.make(base, offset, size);
  }
  if (value.kind === "memory" && value.type.kind === "text") {
    const from = value.type.size;
    if (from > size) {
      throw program.error(
        node,
        `this text has ${from} bytes, and there is room for ${size}: make the field as long`,
      );
    }
    copy(program, value, base, offset, from);
    return clear(program, base, offset + from, size - from);
  }
  throw program.error(node, `a text is wanted here, and this is ${describeValue(value)}`);
}

function storeCopy(
  program: Program,
  node: Node,
  given: Value,
  type: Type,
  base: Base,
  offset: number,
): void {
  const value = present(program, node, given);
  if (value.kind === "memory" && sameLayout(value.type, type)) {
    return copy(program, value, base, offset, sizeOfType(type));
  }
  const found = value.kind === "memory" ? describeType(value.type) : describeValue(value);
  throw program.error(node, `${describeType(type)} is wanted here, and this is ${found}`);
}

function storeElements(
  program: Program,
  node: Node,
  elements: readonly Value[],
  type: Type & { kind: "array" },
  base: Base,
  offset: number,
  options: StoreOptions,
): void {
  const [wanted, given] = [type.length, elements.length];
  if (wanted !== given) {
    throw program.error(node, `${describeType(type)} is wanted here, and this list has ${given}`);
  }
  const size = sizeOfType(type.element);
  elements.forEach((element, i) => {
    storeInto(program, node, element, type.element, base, offset + i * size, undefined, options);
  });
}

function storeObject(
  program: Program,
  object: ObjectValue,
  type: Type & { kind: "struct" },
  base: Base,
  offset: number,
  options: StoreOptions,
): void {
  const { node } = object;
  const { shape } = type;
  const what = describeType(type);
  if (shape.kind === "union") throw program.error(node, "unions can only be copied as a whole");
  const given = propertiesOf(program, object);
  const members = membersOf(shape);
  const missing = members.filter(({ name }) => !given.has(name)).map(({ name }) => name);
  if (missing.length > 0) {
    throw program.error(node, `${what} needs a value for ${missing.join(", ")}`);
  }
  const unknown = [...given.keys()].find((name) => members.every((each) => each.name !== name));
  if (unknown !== undefined) {
    const names = members.map(({ name }) => name).join(", ");
    throw program.error(given.get(unknown)!, `${what} has no field "${unknown}": it has ${names}`);
  }
  // Padding is cleared: keys are compared by bytes, and events leave the kernel.
  let end = 0;
  for (const { name, type: ctype, bitOffset, bitSize } of members) {
    const property = given.get(name)!;
    if (bitSize !== undefined) throw program.error(property, "bit-fields cannot be written");
    const fieldType = typeOf(ctype);
    if (!fieldType) throw program.error(property, `field "${name}" is a fraction`);
    const at = bitOffset / 8;
    clear(program, base, offset + end, at - end);
    const value = propertyValue(program, object, property);
    program.builder.line = program.source.line(property.start);
    storeInto(program, property.value, value, fieldType, base, offset + at, undefined, options);
    end = at + sizeOfType(fieldType);
  }
  clear(program, base, offset + end, shape.bytes - end);
}

/** Passes the address of a value to `use`, as helpers need it. */
export function withStored<T>(
  program: Program,
  node: Node,
  value: Value,
  type: Type,
  use: (base: Base, offset: number) => T,
): T {
  if (
    value.kind === "memory" && value.access === "direct" && typeof value.base !== "number" &&
    !isScalar(type) && sameLayout(value.type, type)
  ) {
    return use(value.base, value.offset);
  }
  if (
    value.kind === "memory" && value.access === "direct" && typeof value.base !== "number" &&
    type.kind === "text" && value.type.kind === "text" && value.type.size === type.size
  ) {
    return use(value.base, value.offset);
  }
  const bytes = sizeOfType(type);
  return program.builder.withSlot(bytes, (slot) => {
    storeInto(program, node, value, type, slot, 0);
    return use(slot, 0);
  });
}
