/**
 * Built-in functions for kernel structs and memory.
 *
 * @module
 */

import { kernelField, kernelStruct } from "../language/kernel_types.ts";
import type { Call, Expression } from "../language/syntax.ts";
import { type Int, type KernelStruct, membersOf } from "../language/types.ts";
import { requireInt } from "./arithmetic.ts";
import { lower } from "./expressions.ts";
import { Helper } from "./helpers.ts";
import { isKernel, structBehind } from "./kernel_memory.ts";
import { asLoaded, describeValue } from "./loaded.ts";
import { inRegister, loadScalar } from "./memory.ts";
import { stringOf } from "./members.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { constant, type Value } from "./values.ts";
import { knownNumber } from "./builtins.ts";

/** `currentTask()` */
export function currentTask(program: Program): Value {
  const { builder } = program;
  const base = program.once("task", () => builder.call(Helper.GET_CURRENT_TASK));
  return { kind: "memory", base, offset: 0, type: kernelStruct("task_struct")!, access: "kernel" };
}

/** `cast(address, "struct sock")`; `cast(address, "struct upid", i)` is the i-th of several. */
export function cast(
  program: Program,
  [address, name, index]: readonly Expression[],
  scope: Scope,
): Value {
  const type = structNamed(program, name!);
  const value = asLoaded(program, address!, lower(program, address!, scope));
  const { operand } = requireInt(program, address!, value, "cast()");
  program.builder.keep();
  const first = inRegister(program, operand);
  if (index === undefined) {
    return { kind: "memory", base: first, offset: 0, type, access: "kernel" };
  }
  const { builder } = program;
  const number = asLoaded(program, index, lower(program, index, scope));
  const { operand: at } = requireInt(program, index, number, "cast()");
  const base = builder.alu("add", first, builder.alu("mul", at, BigInt(type.bytes)));
  builder.keep();
  return { kind: "memory", base: inRegister(program, base), offset: 0, type, access: "kernel" };
}

/** `has(task, "__state")`, decided at compile time; nothing is read. */
export function has(program: Program, node: Call, scope: Scope): Value {
  const [object, nameNode] = node.arguments;
  const name = nameNode && stringOf(nameNode);
  if (name === undefined) {
    throw program.error(nameNode ?? node, 'has() wants the field\'s name: has(task, "__state")');
  }
  const text = stringOf(object!);
  const yes = (found: unknown) => constant(found === undefined ? 0n : 1n, "bool");
  if (text !== undefined) {
    const struct = kernelStruct(text);
    return yes(struct && kernelField(struct, name));
  }
  const value = program.apart(() => program.builder.discard(() => lower(program, object!, scope)));
  if (value.kind === "fields") return yes(value.fields.get(name));
  if (isKernel(value)) {
    const struct = structBehind(value);
    return yes(struct && kernelField(struct, name));
  }
  if (value.kind === "memory" && value.type.kind === "struct") {
    return yes(membersOf(value.type.shape).find((member) => member.name === name));
  }
  throw program.error(
    object!,
    `has() asks for fields of structs, and this is ${describeValue(value)}`,
  );
}

/** `userNumber(address, bits)` and `kernelNumber(address, bits)` */
export function numberAt(
  program: Program,
  [address, bitsNode]: readonly Expression[],
  access: "user" | "kernel",
  scope: Scope,
): Value {
  const bits = bitsNode === undefined ? 64 : Number(knownNumber(program, bitsNode, scope));
  if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64) {
    throw program.error(bitsNode!, "numbers have 8, 16, 32 or 64 bits");
  }
  const value = asLoaded(program, address!, lower(program, address!, scope));
  const { operand } = requireInt(program, address!, value, "()");
  const base = inRegister(program, operand);
  const type: Int = { kind: "int", bits, signed: false };
  return loadScalar(program, { kind: "memory", base, offset: 0, type, access });
}

function structNamed(program: Program, node: Expression): KernelStruct {
  const name = stringOf(node);
  if (name === undefined) {
    throw program.error(
      node,
      'the struct\'s name has to be written out: cast(pointer, "struct sock")',
    );
  }
  const found = kernelStruct(name);
  if (found) return found;
  throw program.error(node, `this kernel has no struct or union "${name}"`);
}
