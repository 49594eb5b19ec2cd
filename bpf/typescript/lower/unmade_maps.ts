/**
 * Maps that one-liners use without defining them: `counts.increment(comm())`, `sizes.record(n)`.
 * Their types are inferred from the first use.
 *
 * @module
 */

import type { Codec } from "../../../ffi/codec/codec.ts";
import { bool, chars, i32, i64, ipv4, ipv6, struct, u32, u64 } from "../../../ffi/codec/mod.ts";
import { type AnyMap, hash, histogram } from "../language/maps.ts";
import { KernelStack, UserStack } from "../language/stacks.ts";
import type { Call, Expression, Node } from "../language/syntax.ts";
import type { Type } from "../language/types.ts";
import { lower } from "./expressions.ts";
import { isKernel } from "./kernel_memory.ts";
import { asLoaded, describeValue, present } from "./loaded.ts";
import { propertiesOf } from "./objects.ts";
import { unknownName } from "./near_names.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import type { Value } from "./values.ts";

/** The size of a text in a key or value without a size of its own. */
const TEXT_SIZE = 64;

/** The map implied by a method call. @throws {KernelCodeError} when its type cannot be inferred */
export function madeBy(
  program: Program,
  node: Call,
  name: string,
  method: string,
  scope: Scope,
): Value & { kind: "map" } {
  const definition = definitionFor(program, node, name, method, scope);
  program.outside.claimMap?.(name, definition);
  return { kind: "map", name, definition };
}

function definitionFor(
  program: Program,
  node: Call,
  name: string,
  method: string,
  scope: Scope,
): AnyMap {
  const [key, value] = node.arguments;
  switch (method) {
    case "record":
      return value ? histogram(codecOf(program, value, scope, "of")) : histogram();
    case "increment":
      if (key) return hash(codecOf(program, key, scope, "key"), sumOf(program, value, scope));
      break;
    case "set":
      if (key && value) {
        return hash(codecOf(program, key, scope, "key"), codecOf(program, value, scope, "value"));
      }
  }
  throw program.error(
    node,
    `nothing is called ${name} here. A map begins with ${name}.increment(key), ${name}.set(key, value) or ` +
      `${name}.record(number): put the program that does so first`,
  );
}

/** The codec of a map's sums: signed if a summand may be negative. */
function sumOf(program: Program, by: Expression | undefined, scope: Scope): Codec<bigint> {
  if (!by) return u64;
  const { type, operand } = program.apart(() =>
    program.builder.discard(() => asLoaded(program, by, lower(program, by, scope)))
  );
  const isNegative = typeof operand === "bigint" && operand < 0n;
  return isNegative || type?.kind === "int" && type.signed ? i64 : u64;
}

function codecOf(
  program: Program,
  node: Expression,
  scope: Scope,
  name: string,
): Codec<unknown> {
  const value = program.apart(() => program.builder.discard(() => lower(program, node, scope)));
  if (value.kind === "object") {
    const members = Array.from(propertiesOf(program, value), ([field, property]) => {
      const settled = value.settled?.get(property.value);
      const codec = settled
        ? codecOfValue(program, property.value, settled)
        : codecOf(program, property.value, value.scope, field);
      return [field, codec] as const;
    });
    return struct(name, Object.fromEntries(members)) as unknown as Codec<unknown>;
  }
  return codecOfValue(program, node, value);
}

function codecOfValue(program: Program, node: Node, given: Value): Codec<unknown> {
  const value = program.apart(() => program.builder.discard(() => present(program, node, given)));
  switch (value.kind) {
    case "string":
      return chars(TEXT_SIZE);
    case "made":
      return chars(value.flexible ? TEXT_SIZE : value.type.size);
    case "constant":
      // Signed, so that negative constants may follow; unsigned only if it does not fit otherwise.
      return value.type === "bool" ? bool : value.value >> 63n > 0n ? u64 : i64;
    case "address":
      return value.size === 4 ? ipv4 : ipv6;
    case "stack":
      return (value.which === "user_stack" ? UserStack : KernelStack) as Codec<unknown>;
    case "register":
      return codecOfType(value.type)!;
    case "memory": {
      if (isKernel(value)) return u64;
      const codec = codecOfType(value.type);
      if (codec) return codec;
    }
  }
  const unknown = value.kind === "unmade" ? unknownName(value.name) : undefined;
  throw program.error(node, unknown ?? `a key or value of a map cannot be ${describeValue(value)}`);
}

function codecOfType(type: Type): Codec<unknown> | undefined {
  switch (type.kind) {
    case "bool":
      return bool;
    case "text":
      return chars(type.size);
    case "int":
      if (type.bits === 64) return type.signed ? i64 : u64;
      return type.signed ? i32 : u32;
  }
  return undefined;
}
