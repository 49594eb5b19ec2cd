/**
 * Object literals, which are stored field by field. The fields of an object that is bound to a name
 * are evaluated at once; those of others, where the object is stored.
 *
 * @module
 */

import type { Node, Property } from "../language/syntax.ts";
import { settle } from "./declarations.ts";
import { lower } from "./expressions.ts";
import { nameOf } from "./members.ts";
import type { Program } from "./program.ts";
import type { Value } from "./values.ts";

/** An object as a value. */
export type ObjectValue = Value & { kind: "object" };

/** The fields by name; the last one counts if a name occurs twice. @throws {KernelCodeError} */
export function propertiesOf(program: Program, { node }: ObjectValue): Map<string, Property> {
  const found = new Map<string, Property>();
  for (const property of node.properties) {
    if (property.type === "SpreadElement") {
      throw program.error(property, "name each field instead of spreading an object");
    }
    if (property.kind !== "init") {
      throw program.error(property, "objects hold values: write a function in place of it");
    }
    found.set(nameOf(program, property.key, property.computed), property);
  }
  return found;
}

/** The value of a field. */
export function propertyValue(program: Program, object: ObjectValue, { value }: Property): Value {
  return object.settled?.get(value) ?? lower(program, value, object.scope);
}

/** `object.name` @throws {KernelCodeError} naming those there are */
export function objectField(
  program: Program,
  node: Node,
  object: ObjectValue,
  name: string,
): Value {
  const properties = propertiesOf(program, object);
  const property = properties.get(name);
  if (property) return propertyValue(program, object, property);
  const names = [...properties.keys()].join(", ") || "none";
  throw program.error(node, `this object has no field "${name}": it has ${names}`);
}

/** The object with the values that its fields have now. */
export function settleObject(program: Program, object: ObjectValue): ObjectValue {
  if (object.settled) return object;
  const settled = new Map([...propertiesOf(program, object).values()].map(({ value: node }) => {
    const value = lower(program, node, object.scope);
    // Texts that helpers write are not evaluated yet: they get their size from where they are
    // stored.
    return [node, value.kind === "made" ? value : settle(program, node, value)];
  }));
  return { ...object, settled };
}
