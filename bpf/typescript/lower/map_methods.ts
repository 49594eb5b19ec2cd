/**
 * What programs do with maps and buffers: `get`, `set`, `delete`, `has`, `increment`, `record`,
 * `emit`, and stack ids.
 *
 * @module
 */

import type { Base, Operand, Reg } from "../code/ir.ts";
import type { AnyMap } from "../maps.ts";
import type { Call, Expression } from "../syntax.ts";
import { isArray, isPerCpu, MapType } from "../../tables/map_type.ts";
import { BOOL, I64, type Int, isScalar, sizeOfType, type Type, typeOf } from "../types.ts";
import { requireInt } from "./arithmetic.ts";
import { asLoaded, lower } from "./expressions.ts";
import { Helper } from "./helpers.ts";
import { lowerChanges } from "./effects.ts";
import { log2Slot } from "./log2.ts";
import { inRegister, loadScalar, target } from "./memory.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { storeInto, withStored } from "./stores.ts";
import { type Value, VOID } from "./values.ts";

type MapValue = Value & { kind: "map" };

/** Flags of bpf_map_update_elem and bpf_perf_event_output (include/uapi/linux/bpf.h). */
const [BPF_ANY, BPF_NOEXIST] = [0n, 1n];
const BPF_F_CURRENT_CPU = 0xffffffffn;
const [BPF_F_FAST_STACK_CMP, BPF_F_USER_STACK] = [1n << 9n, 1n << 8n];

const METHODS: Readonly<Record<AnyMap["role"], readonly string[]>> = {
  entries: ["get", "set", "delete", "has", "increment"],
  events: ["emit"],
  histogram: ["record"],
  stacks: ["kernel", "user"],
};

/** Compiles the call of a map's method. */
export function mapMethod(
  program: Program,
  node: Call,
  map: MapValue,
  method: string,
  scope: Scope,
): Value {
  const { role } = map.definition;
  if (!METHODS[role].includes(method)) {
    const names = METHODS[role].map((each) => `${each}()`).join(", ");
    throw program.error(node, `${map.name} has no ${method}(): it has ${names}`);
  }
  const take = (least: number, most = least) => {
    const given = node.arguments.length;
    if (given >= least && given <= most) return node.arguments;
    const takes = least === most ? `${most}` : `${least} to ${most}`;
    const values = most === 1 ? "value" : "values";
    throw program.error(node, `${method}() takes ${takes} ${values}, and is given ${given}`);
  };
  switch (method) {
    case "get":
      return get(program, map, take(1)[0]!, scope);
    case "has": {
      const pointer = lookup(program, map, take(1)[0]!, scope);
      return nonZero(program, pointer);
    }
    case "set":
      return set(program, node, map, take(2), scope);
    case "delete": {
      if (isArray(map.definition.type)) {
        throw program.error(node, "the values of an array are always there: set it to 0");
      }
      const [key] = take(1);
      const result = withKey(program, map, key!, scope, (base, offset) =>
        program.builder.call(
          Helper.MAP_DELETE_ELEM,
          { map: map.name },
          target(program, base, offset),
        ));
      return nonZero(program, result, "eq");
    }
    case "increment":
      return increment(program, node, map, take(1, 2), scope);
    case "record":
      return record(program, map, take(1)[0]!, scope);
    case "emit":
      return emit(program, map, take(1)[0]!, scope);
    default: {
      take(0);
      const flags = BPF_F_FAST_STACK_CMP | (method === "user" ? BPF_F_USER_STACK : 0n);
      const { builder, context } = program;
      const id = builder.call(Helper.GET_STACKID, context, { map: map.name }, flags);
      return { kind: "register", reg: id, type: I64 };
    }
  }
}

function nonZero(program: Program, reg: Reg, test: "ne" | "eq" = "ne"): Value {
  const { builder } = program;
  const [yes, end] = [builder.block(), builder.block()];
  const result = builder.register();
  const tested = builder.copy(reg);
  builder.keep();
  builder.move(result, 0n);
  builder.branch(test, tested, 0n, yes, end);
  builder.enter(yes);
  builder.move(result, 1n);
  builder.enter(end);
  return { kind: "register", reg: result, type: BOOL };
}

function typesOf({ definition }: MapValue): { key: Type; value: Type } {
  return { key: typeOf(definition.key!.type)!, value: typeOf(definition.value!.type)! };
}

function withKey<T>(
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

/** The address of a value, or 0. */
function lookup(program: Program, map: MapValue, key: Expression, scope: Scope): Reg {
  return withKey(program, map, key, scope, (base, offset) => lookupAt(program, map, base, offset));
}

function lookupAt(program: Program, map: MapValue, base: Base, offset: number): Reg {
  const { builder } = program;
  return builder.call(Helper.MAP_LOOKUP_ELEM, { map: map.name }, target(program, base, offset));
}

function get(program: Program, map: MapValue, key: Expression, scope: Scope): Value {
  const { builder } = program;
  const pointer = lookup(program, map, key, scope);
  const { value: type } = typesOf(map);
  builder.keep();
  if (!isScalar(type)) {
    return { kind: "optional", pointer, value: undefined, type, access: "direct" };
  }
  // A number is taken as it is now; a struct is the one in the map.
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

function set(
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

/** Whether there was room; where there was none it is counted. */
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
  addToGlobal(program, `${map.name}_dropped`);
  builder.enter(end);
  return { kind: "register", reg: stored, type: BOOL };
}

/** Counts one more in a global variable. */
function addToGlobal({ builder, outside }: Program, name: string): void {
  const { offset } = outside.globals.get(name)!;
  const one = builder.copy(1n);
  builder.keep();
  builder.atomicAdd(builder.mapValue(outside.section, offset), 0, 8, one);
}

function increment(
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
  const by = byNode
    ? requireInt(program, byNode, asLoaded(program, byNode, lower(program, byNode, scope)), "()")
      .operand
    : 1n;
  builder.keep();
  const keyValue = lower(program, keyNode!, scope);
  const perCpu = isPerCpu(map.definition.type);
  const add = (pointer: Reg) => {
    const place = { kind: "memory", base: pointer, offset: 0, type, access: "direct" } as const;
    const width = type.bits / 8 as 4 | 8;
    if (!perCpu) return builder.atomicAdd(pointer, 0, width, by);
    const loaded = builder.load(place.base, 0, width);
    builder.store(pointer, 0, width, builder.alu("add", loaded, by));
  };
  withStored(program, keyNode!, keyValue, key, (base, offset) => {
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
  });
  return VOID;
}

/** The first count of a key; another CPU may have been first. */
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
  addToGlobal(program, `${map.name}_dropped`);
}

function record(program: Program, map: MapValue, node: Expression, scope: Scope): Value {
  const { builder } = program;
  const loaded = asLoaded(program, node, lower(program, node, scope));
  const { operand, type } = requireInt(program, node, loaded, "record()");
  if (type?.signed && typeof operand === "number") {
    // A negative value, such as an error, counts as 0 does.
    const positive = builder.register();
    const [negative, end] = [builder.block(), builder.block()];
    builder.move(positive, builder.copy(operand));
    builder.branch("slt", positive, 0n, negative, end);
    builder.enter(negative);
    builder.move(positive, 0n);
    builder.enter(end);
    return recordSlot(program, map, log2Slot(program, positive));
  }
  return recordSlot(program, map, log2Slot(program, inRegister(program, operand)));
}

function recordSlot(program: Program, map: MapValue, slot: Reg): Value {
  const { builder } = program;
  const [found, end] = [builder.block(), builder.block()];
  const pointer = builder.withSlot(8, (key) => {
    builder.store(key, 0, 4, slot);
    return lookupAt(program, map, key, 0);
  });
  builder.keep();
  builder.branch("ne", pointer, 0n, found, end);
  builder.enter(found);
  builder.atomicAdd(pointer, 0, 8, 1n);
  builder.enter(end);
  return VOID;
}

function emit(program: Program, map: MapValue, node: Expression, scope: Scope): Value {
  const { builder } = program;
  const type = typeOf(map.definition.value!.type)!;
  const bytes = sizeOfType(type);
  if (map.definition.type === MapType.PERF_EVENT_ARRAY) {
    return builder.withSlot(bytes, (slot) => {
      storeInto(program, node, lower(program, node, scope), type, slot, 0);
      builder.line = program.source.line(node.start);
      builder.call(
        Helper.PERF_EVENT_OUTPUT,
        program.context,
        { map: map.name },
        BPF_F_CURRENT_CPU,
        { ...slot, offset: 0 },
        BigInt(bytes),
      );
      return VOID;
    });
  }
  // What changes something happens even where there is no room for the event.
  lowerChanges(program, node, scope);
  const pointer = builder.call(Helper.RINGBUF_RESERVE, { map: map.name }, BigInt(bytes), 0n);
  builder.keep();
  const [room, full, end] = [builder.block(), builder.block(), builder.block()];
  builder.branch("ne", pointer, 0n, room, full);
  builder.enter(room);
  program.apart(() => {
    const value = lower(program, node, scope);
    storeInto(program, node, value, type, pointer, 0, undefined, { keepRest: true });
    builder.line = program.source.line(node.start);
    builder.call(Helper.RINGBUF_SUBMIT, pointer, 0n);
  });
  builder.jump(end);
  builder.enter(full);
  addToGlobal(program, `${map.name}_lost`);
  builder.enter(end);
  return VOID;
}
