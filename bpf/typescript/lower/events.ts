/**
 * Output without keys: events, and values of histograms.
 *
 * @module
 */

import type { Reg } from "../code/ir.ts";
import type { Expression } from "../language/syntax.ts";
import { NEGATIVE_SLOTS } from "../language/maps.ts";
import { MapType } from "../../tables/map_type.ts";
import { sizeOfType, type Type, typeOf } from "../language/types.ts";
import { requireInt } from "./arithmetic.ts";
import { lowerChanges } from "./effects.ts";
import { addToGlobal, incrementAt, lookupAt, type MapValue } from "./entries.ts";
import { lower } from "./expressions.ts";
import { Helper } from "./helpers.ts";
import { asLoaded } from "./loaded.ts";
import { log2Slot } from "./log2.ts";
import { clear, inRegister } from "./memory.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { storeInto } from "./stores.ts";
import { type Value, VOID } from "./values.ts";

const BPF_F_CURRENT_CPU = 0xffffffffn;

/** Counts a value in a histogram. */
export function record(
  program: Program,
  map: MapValue,
  [node, of]: readonly [Expression, Expression?] | readonly Expression[],
  scope: Scope,
): Value {
  const slot = slotOf(program, node!, scope);
  return of ? recordOf(program, map, slot, of, scope) : recordSlot(program, map, slot);
}

/** The slot of a value. */
function slotOf(program: Program, node: Expression, scope: Scope): Reg {
  const { builder } = program;
  const loaded = asLoaded(program, node, lower(program, node, scope));
  const { operand, type } = requireInt(program, node, loaded, "record()");
  if (type?.signed && typeof operand === "number") {
    // A negative value, such as an error, counts behind all others.
    const [positive, behind] = [builder.register(), builder.register()];
    const [negative, end] = [builder.block(), builder.block()];
    builder.move(positive, builder.copy(operand));
    builder.move(behind, 0n);
    builder.branch("slt", positive, 0n, negative, end);
    builder.enter(negative);
    builder.move(positive, builder.alu("sub", 0n, positive));
    builder.move(behind, BigInt(NEGATIVE_SLOTS));
    builder.enter(end);
    return inRegister(program, builder.alu("add", log2Slot(program, positive), behind));
  }
  if (typeof operand === "bigint" && operand < 0n) {
    const slot = log2Slot(program, builder.copy(-operand));
    return inRegister(program, builder.alu("add", slot, BigInt(NEGATIVE_SLOTS)));
  }
  return log2Slot(program, inRegister(program, operand));
}

/** Counts in the histogram of a key, whose slots are entries of a hash. */
function recordOf(
  program: Program,
  map: MapValue,
  slot: Reg,
  node: Expression,
  scope: Scope,
): Value {
  const { builder } = program;
  builder.keep();
  const { shape } = typeOf(map.definition.key!.type) as Type & { kind: "struct" };
  const { bitOffset } = shape.members.find(({ name }) => name === "slot")!;
  const of = typeOf(map.definition.by!.type)!;
  const value = lower(program, node, scope);
  builder.line = program.source.line(node.start);
  builder.withSlot(shape.bytes, (key) => {
    clear(program, key, 0, shape.bytes);
    storeInto(program, node, value, of, key, 0);
    builder.store(key, bitOffset / 8, 4, slot);
    incrementAt(program, map, key, 0, 1n);
  });
  return VOID;
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

/** Sends an event. */
export function emit(program: Program, map: MapValue, node: Expression, scope: Scope): Value {
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
  // Side effects happen even if there is no room for the event.
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
  addToGlobal(program, `${map.name}_dropped`);
  builder.enter(end);
  return VOID;
}
