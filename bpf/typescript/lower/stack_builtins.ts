/**
 * `kernelStack()` and `userStack()`.
 *
 * @module
 */

import type { Base, Reg } from "../code/ir.ts";
import { kernelField, kernelStruct } from "../language/kernel_types.ts";
import { STACK_MAP, STACK_TIMES, stackMap, stackTimes } from "../language/stacks.ts";
import type { Call } from "../language/syntax.ts";
import type { Type } from "../language/types.ts";
import { Helper } from "./helpers.ts";
import { currentTask } from "./kernel_builtins.ts";
import { loadScalar, target } from "./memory.ts";
import type { Program } from "./program.ts";
import type { InMemory, StackValue } from "./values.ts";
import { processId } from "./builtins.ts";

/** Flag of bpf_get_stackid (include/uapi/linux/bpf.h). */
const BPF_F_USER_STACK = 1n << 8n;
const BPF_NOEXIST = 1n;
/** Offsets in struct user_stack. */
const [ID, PID, PROGRAM] = [0, 4, 8];
const USER_STACK_BYTES = 12;

/** Compiles the call. */
export function stack(
  program: Program,
  node: Call,
  word: "kernelStack" | "userStack",
): StackValue {
  const { builder, context, outside } = program;
  const claimed = outside.claim(STACK_MAP, stackMap) &&
    (word === "kernelStack" || outside.claim(STACK_TIMES, stackTimes));
  if (!claimed) {
    throw program.error(
      node,
      `${word}() needs the names ${STACK_MAP} and ${STACK_TIMES} for its maps: call yours otherwise`,
    );
  }
  const isUser = word === "userStack";
  const flags = isUser ? BPF_F_USER_STACK : 0n;
  const id = builder.call(Helper.GET_STACKID, context, { map: STACK_MAP }, flags);
  builder.keep();
  if (!isUser) return { kind: "stack", which: "kernel_stack", parts: [id] };
  const parts = [id, processId(program).reg, programNumber(program)];
  noteTime(program, parts);
  return { kind: "stack", which: "user_stack", parts };
}

/** How often the process has called exec; 0 where the kernel has no such field. */
function programNumber(program: Program): Reg {
  return program.once("program", () => {
    const field = kernelField(kernelStruct("task_struct")!, "self_exec_id");
    if (field?.type?.kind !== "int") return program.builder.copy(0n);
    const task = currentTask(program) as InMemory;
    return loadScalar(program, { ...task, offset: field.bitOffset / 8, type: field.type }).reg;
  });
}

/** Records when the stack was first seen: addresses are symbolized as of that time. */
function noteTime(program: Program, parts: readonly Reg[]): void {
  const { builder } = program;
  builder.withSlot(USER_STACK_BYTES, (key) =>
    builder.withSlot(8, (time) => {
      storeParts(program, parts, key, 0);
      const now = builder.call(Helper.KTIME_GET_NS);
      builder.store(time, 0, 8, now);
      builder.call(
        Helper.MAP_UPDATE_ELEM,
        { map: STACK_TIMES },
        target(program, key, 0),
        target(program, time, 0),
        BPF_NOEXIST,
      );
    }));
}

/** Whether a type is that of such a stack. */
export function isStackType(type: Type, which: StackValue["which"]): boolean {
  return type.kind === "struct" && type.shape.name === which;
}

/** Stores a stack as a struct. */
export function storeParts(
  { builder }: Program,
  parts: readonly Reg[],
  base: Base,
  offset: number,
): void {
  const places = [ID, PID, PROGRAM];
  parts.forEach((part, i) => builder.store(base, offset + places[i]!, 4, part));
}
