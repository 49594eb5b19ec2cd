/**
 * Methods of maps and buffers: `get`, `getOrInsert`, `set`, `delete`, `has`, `increment`, `record`,
 * `emit`, `hasCurrent`, and stack ids.
 *
 * @module
 */

import type { Reg } from "../code/ir.ts";
import type { AnyMap } from "../language/maps.ts";
import type { Call, Expression } from "../language/syntax.ts";
import { isArray } from "../../tables/map_type.ts";
import { BOOL, I64 } from "../language/types.ts";
import { get, getOrInsert, increment, lookup, type MapValue, set, withKey } from "./entries.ts";
import { emit, record } from "./events.ts";
import { Helper } from "./helpers.ts";
import { inRegister, target } from "./memory.ts";
import { asLoaded } from "./loaded.ts";
import { lower } from "./expressions.ts";
import { requireInt } from "./arithmetic.ts";
import { PACKET_HOOKS } from "./builtins.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import type { Value } from "./values.ts";

/** Flag of bpf_get_stackid (include/uapi/linux/bpf.h). */
const BPF_F_USER_STACK = 1n << 8n;

const METHODS: Readonly<Record<AnyMap["role"], readonly string[]>> = {
  entries: ["get", "getOrInsert", "set", "delete", "has", "increment"],
  events: ["emit"],
  histogram: ["record"],
  stacks: ["kernel", "user"],
  cgroups: ["hasCurrent"],
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
  const { called } = program.outside;
  called.set(map.name, (called.get(map.name) ?? new Set()).add(method));
  const take = (least: number, most = least) => {
    const given = node.arguments.length;
    if (given >= least && given <= most) return node.arguments;
    const takes = least === most ? `${most}` : `${least} to ${most}`;
    const values = most === 1 ? "value" : "values";
    throw program.error(node, `${method}() takes ${takes} ${values}, got ${given}`);
  };
  switch (method) {
    case "get":
      return get(program, map, take(1)[0]!, scope);
    case "getOrInsert":
      if (isArray(map.definition.type)) {
        throw program.error(node, "the values of an array are always there: get() them");
      }
      return getOrInsert(program, map, take(2), scope);
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
      return record(program, map, take(map.definition.by ? 2 : 1), scope);
    case "emit":
      return emit(program, map, take(1)[0]!, scope);
    case "hasCurrent":
      return hasCurrent(program, map, take(1)[0]!, scope);
    default: {
      take(0);
      if (["xdp", "tc", "socketFilter"].includes(program.hook.kind)) {
        throw program.error(node, "programs that see packets cannot tell stacks");
      }
      const flags = method === "user" ? BPF_F_USER_STACK : 0n;
      const { builder, context } = program;
      const id = builder.call(Helper.GET_STACKID, context, { map: map.name }, flags);
      return { kind: "register", reg: id, type: I64 };
    }
  }
}

/** Whether the process is in a cgroup or below it. */
function hasCurrent(program: Program, map: MapValue, node: Expression, scope: Scope): Value {
  if (PACKET_HOOKS.has(program.hook.kind)) {
    throw program.error(node, "a packet is handled in whichever process is running");
  }
  const loaded = asLoaded(program, node, lower(program, node, scope));
  const { operand } = requireInt(program, node, loaded, "()");
  const { builder } = program;
  const result = builder.call(Helper.CURRENT_TASK_UNDER_CGROUP, { map: map.name }, operand);
  // The helper returns 1, 0, or a negative errno for an empty index.
  return nonZero(program, inRegister(program, builder.alu("xor", result, 1n)), "eq");
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
