/**
 * Maps with keys and values: looking up, storing, counting.
 *
 * @module
 */

import type { Base, Operand, Reg } from "../code/ir.ts";
import type { Call, Expression } from "../language/syntax.ts";
import { droppedName } from "../language/maps.ts";
import { isArray, isPerCpu } from "../../tables/map_type.ts";
import { BOOL, type Int, isScalar, sizeOfType, type Type, typeOf } from "../language/types.ts";
import { requireInt } from "./arithmetic.ts";
import { leftValue, lower } from "./expressions.ts";
import { Helper } from "./helpers.ts";
import { asLoaded } from "./loaded.ts";
import { loadScalar, target } from "./memory.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { withStored } from "./stores.ts";
import { type Value, VOID } from "./values.ts";

/** A map as a value. */
export type MapValue = Value & { kind: "map" };

/** Flags of bpf_map_update_elem (include/uapi/linux/bpf.h). */
const [BPF_ANY, BPF_NOEXIST] = [0n, 1n];

function typesOf({ definition }: MapValue): { key: Type; value: Type } {
  return { key: typeOf(definition.key!.type)!, value: typeOf(definition.value!.type)! };
}

/** Passes the address of a key to `use`. */
export function withKey<T>(
  program: Program,
  map: MapValue,
  node: Expression,
  scope: Scope,
  use: (base: Base, offset: number) => T,
): T {
  const value = lower(program, node, scope);
  program.builder.line = program.source.line(node.start);
  return withStored(program, node, value, typesOf(map).key, use);
}

/** The address of a value; 0 if the key is missing. */
export function lookup(program: Program, map: MapValue, key: Expression, scope: Scope): Reg {
  return withKey(program, map, key, scope, (base, offset) => lookupAt(program, map, base, offset));
}

/** The address of the value for a key in memory; 0 if it is missing. */
export function lookupAt(program: Program, map: MapValue, base: Base, offset: number): Reg {
  const { builder } = program;
  return builder.call(Helper.MAP_LOOKUP_ELEM, { map: map.name }, target(program, base, offset));
}

/** Looks a key up. */
export function get(program: Program, map: MapValue, key: Expression, scope: Scope): Value {
  return found(program, map, lookup(program, map, key, scope));
}

/** The result of a look-up, by its address or 0. */
function found(program: Program, map: MapValue, pointer: Reg): Value {
  const { builder } = program;
  const { value: type } = typesOf(map);
  builder.keep();
  if (!isScalar(type)) {
    return { kind: "optional", pointer, value: undefined, type, access: "direct" };
  }
  // A number is copied; a struct is a reference into the map.
  const [there, end] = [builder.block(), builder.block()];
  const value = builder.register();
  builder.move(value, 0n);
  builder.branch("ne", pointer, 0n, there, end);
  builder.enter(there);
  const place = { kind: "memory", base: pointer, offset: 0, type, access: "direct" } as const;
  const loaded = loadScalar(program, place);
  builder.move(value, loaded.reg);
  builder.enter(end);
  return { kind: "optional", pointer, value, type: loaded.type, access: "direct" };
}

/** Looks a key up, inserting a value if it is absent; another CPU may have been first. */
export function getOrInsert(
  program: Program,
  map: MapValue,
  [keyNode, valueNode]: readonly Expression[],
  scope: Scope,
): Value {
  const { builder } = program;
  const { key, value: type } = typesOf(map);
  const pointer = builder.register();
  const [absent, full, end] = [builder.block(), builder.block(), builder.block()];
  const keyValue = lower(program, keyNode!, scope);
  withStored(program, keyNode!, keyValue, key, (base, offset) => {
    const at = () => {
      builder.move(pointer, lookupAt(program, map, base, offset));
      builder.keep();
    };
    at();
    builder.branch("ne", pointer, 0n, end, absent);
    builder.enter(absent);
    program.apart(() => {
      const value = lower(program, valueNode!, scope);
      withStored(program, valueNode!, value, type, (valueBase, valueOffset) => {
        builder.call(
          Helper.MAP_UPDATE_ELEM,
          { map: map.name },
          target(program, base, offset),
          target(program, valueBase, valueOffset),
          BPF_NOEXIST,
        );
      });
    });
    at();
  });
  builder.branch("ne", pointer, 0n, end, full);
  builder.enter(full);
  addToGlobal(program, droppedName(map.name, map.definition));
  builder.enter(end);
  return found(program, map, pointer);
}

/** Sets the value of a key. */
export function set(
  program: Program,
  node: Call,
  map: MapValue,
  [keyNode, valueNode]: readonly Expression[],
  scope: Scope,
): Value {
  const { builder } = program;
  const { key, value: type } = typesOf(map);
  const keyValue = lower(program, keyNode!, scope);
  const result = withStored(program, keyNode!, keyValue, key, (keyBase, keyOffset) => {
    const value = lower(program, valueNode!, scope);
    builder.line = program.source.line(node.start);
    return withStored(program, valueNode!, value, type, (base, offset) =>
      builder.call(
        Helper.MAP_UPDATE_ELEM,
        { map: map.name },
        target(program, keyBase, keyOffset),
        target(program, base, offset),
        BPF_ANY,
      ));
  });
  return countDropped(program, map, result);
}

/** Whether there was room; if not, it is counted as dropped. */
function countDropped(program: Program, map: MapValue, result: Reg): Value {
  const { builder } = program;
  const [failed, end] = [builder.block(), builder.block()];
  const stored = builder.register();
  const outcome = builder.copy(result);
  builder.keep();
  builder.move(stored, 1n);
  builder.branch("ne", outcome, 0n, failed, end);
  builder.enter(failed);
  builder.move(stored, 0n);
  addToGlobal(program, droppedName(map.name, map.definition));
  builder.enter(end);
  return { kind: "register", reg: stored, type: BOOL };
}

/** Increments a global variable. */
export function addToGlobal({ builder, outside }: Program, name: string): void {
  const { offset } = outside.globals.get(name)!;
  const one = builder.copy(1n);
  builder.keep();
  builder.atomicAdd(builder.mapValue(outside.section, offset), 0, 8, one);
}

/** Adds to the number of a key. */
export function increment(
  program: Program,
  node: Call,
  map: MapValue,
  [keyNode, byNode]: readonly Expression[],
  scope: Scope,
): Value {
  const { builder } = program;
  const { key, value: type } = typesOf(map);
  if (type.kind !== "int" || type.bits < 32 || type.bigEndian) {
    throw program.error(node, "increment() is for values of 32 and 64 bits");
  }
  // The left operand is read first, if the right one may change it.
  const keyValue = byNode
    ? leftValue(program, scope, keyNode!, byNode)
    : lower(program, keyNode!, scope);
  const by = byNode
    ? requireInt(program, byNode, asLoaded(program, byNode, lower(program, byNode, scope)), "()")
      .operand
    : 1n;
  builder.keep();
  withStored(program, keyNode!, keyValue, key, (base, offset) => {
    incrementAt(program, map, base, offset, by);
  });
  return VOID;
}

/** Adds to the number of a key in memory. */
export function incrementAt(
  program: Program,
  map: MapValue,
  base: Base,
  offset: number,
  by: Operand,
): void {
  const { builder } = program;
  const type = typesOf(map).value as Int;
  const perCpu = isPerCpu(map.definition.type);
  const add = (pointer: Reg) => {
    const width = type.bits / 8 as 4 | 8;
    if (!perCpu) return builder.atomicAdd(pointer, 0, width, by);
    const loaded = builder.load(pointer, 0, width);
    builder.store(pointer, 0, width, builder.alu("add", loaded, by));
  };
  const [found, absent, end] = [builder.block(), builder.block(), builder.block()];
  const pointer = lookupAt(program, map, base, offset);
  builder.keep();
  builder.branch("ne", pointer, 0n, found, absent);
  builder.enter(found);
  add(pointer);
  builder.jump(end);
  builder.enter(absent);
  if (!isArray(map.definition.type)) insert(program, map, [base, offset], type, by, add, end);
  builder.enter(end);
}

/** Inserts the first count of a key; another CPU may have been first. */
function insert(
  program: Program,
  map: MapValue,
  [base, offset]: [Base, number],
  type: Int,
  by: Operand,
  add: (pointer: Reg) => void,
  end: ReturnType<Program["builder"]["block"]>,
): void {
  const { builder } = program;
  const bytes = sizeOfType(type) as 4 | 8;
  const [again, found, full] = [builder.block(), builder.block(), builder.block()];
  builder.withSlot(8, (slot) => {
    builder.store(slot, 0, bytes, by);
    const result = builder.call(
      Helper.MAP_UPDATE_ELEM,
      { map: map.name },
      target(program, base, offset),
      { ...slot, offset: 0 },
      BPF_NOEXIST,
    );
    builder.keep();
    builder.branch("eq", result, 0n, end, again);
  });
  builder.enter(again);
  const pointer = lookupAt(program, map, base, offset);
  builder.keep();
  builder.branch("ne", pointer, 0n, found, full);
  builder.enter(found);
  add(pointer);
  builder.jump(end);
  builder.enter(full);
  addToGlobal(program, droppedName(map.name, map.definition));
}
