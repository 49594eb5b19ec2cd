/**
 * The built-in functions of the language.
 *
 * @module
 */

import type { Reg } from "../code/ir.ts";
import type { Call, Expression, Node } from "../language/syntax.ts";
import { I64, type Int, isScalar, U32, U64 } from "../language/types.ts";
import type { Builtin } from "../language/builtins.ts";
import { requireInt } from "./arithmetic.ts";
import { lower } from "./expressions.ts";
import { isKernel } from "./kernel_memory.ts";
import { asLoaded, asValue, describeValue } from "./loaded.ts";
import { Helper } from "./helpers.ts";
import { cast, currentTask, has, numberAt } from "./kernel_builtins.ts";
import { extend, inRegister, target } from "./memory.ts";
import { print } from "./prints.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { address } from "./addresses.ts";
import { stack } from "./stack_builtins.ts";
import { DEFAULT_TEXT } from "./texts.ts";
import { constant, type InRegister, type Value, VOID } from "./values.ts";

/** Bytes of a thread's name (TASK_COMM_LEN). */
const COMM_SIZE = 16;

/** Compiles the call of a built-in function. */
export function callBuiltin(program: Program, node: Call, name: Builtin, scope: Scope): Value {
  const { builder } = program;
  const given = node.arguments;
  const [least, most] = ARGUMENTS[name] ?? [0, 0];
  if (given.length < least || given.length > most) {
    const takes = least === most ? `${most}` : `${least} to ${most}`;
    throw program.error(node, `${name}() takes ${takes} values, got ${given.length}`);
  }
  if (OF_PROCESS.has(name) && PACKET_HOOKS.has(program.hook.kind)) {
    throw program.error(
      node,
      `a packet is handled in whichever process is running, so that ${name}() says nothing of it: ask ` +
        "where the packet is sent or received, such as at a tracepoint",
    );
  }
  const register = (reg: Reg, type: Int): Value => ({ kind: "register", reg, type });
  const half = (helper: number, part: "low" | "high") => halfOf(program, helper, part);
  switch (name) {
    case "pid":
      return half(Helper.GET_CURRENT_PID_TGID, "high");
    case "tid":
      return half(Helper.GET_CURRENT_PID_TGID, "low");
    case "uid":
      return half(Helper.GET_CURRENT_UID_GID, "low");
    case "gid":
      return half(Helper.GET_CURRENT_UID_GID, "high");
    case "cpu": {
      const helper = Helper.GET_SMP_PROCESSOR_ID;
      return register(program.once("cpu", () => builder.call(helper)), U32);
    }
    case "cgroupId": {
      const helper = Helper.GET_CURRENT_CGROUP_ID;
      return register(program.once("cgroup", () => builder.call(helper)), U64);
    }
    case "ktime":
      return register(builder.call(Helper.KTIME_GET_NS), U64);
    case "bootTime":
      return register(builder.call(Helper.KTIME_GET_BOOT_NS), U64);
    case "random":
      return register(builder.low32(builder.call(Helper.GET_PRANDOM_U32)), U32);
    case "comm":
      return {
        kind: "made",
        type: { kind: "text", size: COMM_SIZE },
        padded: false,
        make: (base, offset, size) => {
          const bytes = BigInt(Math.min(size, COMM_SIZE));
          builder.call(Helper.GET_CURRENT_COMM, target(program, base, offset), bytes);
        },
      };
    case "userString":
      return text(program, given, Helper.PROBE_READ_USER_STR, scope);
    case "kernelString":
      return text(program, given, Helper.PROBE_READ_KERNEL_STR, scope);
    case "print":
      return print(program, node, scope);
    case "userNumber":
      return numberAt(program, given, "user", scope);
    case "kernelNumber":
      return numberAt(program, given, "kernel", scope);
    case "currentTask":
      return currentTask(program);
    case "cast":
      return cast(program, given, scope);
    case "has":
      return has(program, node, scope);
    case "ip":
      return address(program, given[0]!, scope);
    case "kernelStack":
    case "userStack":
      return stack(program, node, name);
    case "signed":
    case "unsigned":
      return convert(program, node, given[0]!, given[1], name === "signed", scope);
    case "sendSignal": {
      const { operand } = number(program, given[0]!, scope);
      builder.call(Helper.SEND_SIGNAL, operand);
      return VOID;
    }
  }
}

/** The current process's id. */
export const processId = (program: Program): InRegister =>
  halfOf(program, Helper.GET_CURRENT_PID_TGID, "high");

/** One half of a helper's result; the helper is called once. */
function halfOf(program: Program, helper: number, part: "low" | "high"): InRegister {
  const { builder } = program;
  const both = program.once(`helper ${helper}`, () => builder.call(helper));
  const reg = program.once(
    `${part} of helper ${helper}`,
    () => part === "low" ? builder.low32(both) : builder.alu("rsh", both, 32n) as Reg,
  );
  return { kind: "register", reg, type: U32 };
}

/** Built-in functions about the current task. */
const OF_PROCESS: ReadonlySet<Builtin> = new Set<Builtin>([
  "pid",
  "tid",
  "uid",
  "gid",
  "comm",
  "cgroupId",
  "currentTask",
  "userString",
  "userNumber",
  "sendSignal",
  "kernelStack",
  "userStack",
]);
/** Hooks of programs that see packets. */
export const PACKET_HOOKS: ReadonlySet<string> = new Set(["xdp", "tc", "socketFilter"]);

const ARGUMENTS: Partial<Record<Builtin, readonly [least: number, most: number]>> = {
  userString: [1, 2],
  kernelString: [1, 2],
  signed: [1, 2],
  unsigned: [1, 2],
  sendSignal: [1, 1],
  print: [1, 16],
  userNumber: [1, 2],
  kernelNumber: [1, 2],
  ip: [1, 1],
  cast: [2, 3],
  has: [2, 2],
};

function number(program: Program, node: Expression, scope: Scope) {
  return requireInt(program, node, asLoaded(program, node, lower(program, node, scope)), "()");
}

/** A text at an address, read when it is used. */
function text(
  program: Program,
  [address, size]: readonly Expression[],
  helper: number,
  scope: Scope,
): Value {
  const { builder } = program;
  const value = lower(program, address!, scope);
  const isNumber = value.kind !== "memory" || isScalar(value.type) || isKernel(value);
  if (value.kind === "made" || !isNumber) {
    throw program.error(
      address!,
      `an address is wanted here, and this is ${describeValue(value)}: use it as it is`,
    );
  }
  const { operand } = requireInt(program, address!, asLoaded(program, address!, value), "()");
  builder.keep();
  const wanted = size === undefined
    ? DEFAULT_TEXT
    : Number(known(program, size, lower(program, size, scope)));
  if (!(wanted >= 1 && wanted <= 4096)) {
    throw program.error(size!, "a text has 1 to 4096 bytes, its NUL among them");
  }
  const given = size !== undefined;
  return {
    kind: "made",
    type: { kind: "text", size: wanted },
    padded: false,
    flexible: !given,
    make: (base, offset, room) => {
      const bytes = BigInt(given ? Math.min(room, wanted) : room);
      builder.call(helper, target(program, base, offset), bytes, operand);
    },
  };
}

/** An argument that must be a compile-time constant. */
export function knownNumber(program: Program, node: Expression, scope: Scope): bigint {
  return known(program, node, lower(program, node, scope));
}

function known(program: Program, node: Node, value: Value): bigint {
  if (value.kind === "constant") return value.value;
  throw program.error(node, "this number must be a compile-time constant");
}

/** The lowest bits of a number, sign- or zero-extended. */
export function convert(
  program: Program,
  node: Node,
  argument: Expression,
  width: Expression | undefined,
  isSigned: boolean,
  scope: Scope,
): Value {
  const bits = width ? Number(known(program, width, lower(program, width, scope))) : 64;
  if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64) {
    throw program.error(width ?? node, "numbers have 8, 16, 32 or 64 bits");
  }
  const value = lower(program, argument, scope);
  if (value.kind === "constant" && value.type !== "bool") {
    const cut = isSigned ? BigInt.asIntN(bits, value.value) : BigInt.asUintN(bits, value.value);
    if (bits < 64) return constant(cut);
    const reg = program.builder.copy(cut);
    return { kind: "register", reg, type: isSigned ? I64 : U64 };
  }
  const { operand, type } = requireInt(program, argument, asLoaded(program, argument, value), "()");
  const fits = type && type.signed === isSigned && type.bits <= bits;
  const cut = fits ? operand : extend(program, operand, bits, isSigned);
  const reg = inRegister(program, cut);
  return asValue(program, { operand: reg, type: { kind: "int", bits, signed: isSigned } });
}
