/**
 * What names in expressions refer to at a hook: arguments, members of tracepoints, the current
 * task.
 *
 * @module
 */

import type { TracepointField } from "../../../mod.ts";
import {
  CHAR,
  type CodeOperand,
  contextNumber,
  convertInC,
  Helper,
  int,
  type IntInC,
  lowerInC,
  type MemberInC,
  NotKnown,
  pointerTo,
  type ProgramWriter,
  readerFor,
  readNumber,
  type TypeInC,
  typeOfWords,
  UnsignedInC,
  UnsignedLongInC,
  usdtArgument,
  type VariableInC,
  VOID_IN_C,
} from "../../../compiler.ts";
import { registerOffset, registerOffsets, SYSCALL_REGISTERS } from "../../../plumbing.ts";
import type { Machine } from "../../machine/machine.ts";
import { usdtOptions } from "../probe_attach.ts";
import { isSyscall } from "../probe_code.ts";
import type { Hook } from "../probe_hook.ts";
import type { Signature } from "../signature.ts";
import { usdtTypes } from "../usdt_variables.ts";
import { currentIds, half } from "./filters.ts";

/** The context of an expression. */
export interface Surroundings {
  readonly hook: Hook;
  /** The file of a user function or a USDT probe. */
  readonly path: string | undefined;
  readonly signature: Signature | undefined;
  readonly machine: Machine;
  readonly pid: number | undefined;
}

type Read = (program: ProgramWriter) => CodeOperand;

/** The tokens of a type, including stars. */
export const wordsOf = (type: string): string[] => type.match(/\w+|\*/g) ?? [];

const number = (type: TypeInC, read: Read, isKernel = false): VariableInC => ({
  type,
  read,
  isKernel,
});

/** The variables by name, without those whose type is unknown here. */
export function variablesAt(surroundings: Surroundings): Map<string, VariableInC> {
  const { hook, machine } = surroundings;
  const variables = commonVariables(machine);
  const add = (name: string, variable: VariableInC) => variables.set(name, variable);
  if (hook.kind === "tracepoint") {
    add("args", contextOf(surroundings));
    return variables;
  }
  add("ctx", {
    type: { kind: "pointer", to: () => typeOfWords(["struct", "pt_regs"]) ?? VOID_IN_C },
  });
  if (hook.kind === "usdt") addUsdt(surroundings, add);
  else if (hook.kind === "return") {
    const read: Read = ({ builder, context }) => builder.load(context, registerOffsets().result, 8);
    for (const name of ["retval", "$retval"]) add(name, number(UnsignedLongInC, read));
  } else addArguments(surroundings, add);
  return variables;
}

function commonVariables(machine: Machine): Map<string, VariableInC> {
  const userAndGroup = (program: ProgramWriter) =>
    program.once("user", () => program.builder.call(Helper.GET_CURRENT_UID_GID));
  const ids = (program: ProgramWriter) => currentIds(program, machine);
  const task = typeOfTask();
  return new Map([
    ["$pid", number(UnsignedInC, (program) => half(program, ids(program), "low"))],
    ["$tgid", number(UnsignedInC, (program) => half(program, ids(program), "high"))],
    ["$uid", number(UnsignedInC, (program) => half(program, userAndGroup(program), "low"))],
    ["$gid", number(UnsignedInC, (program) => half(program, userAndGroup(program), "high"))],
    [
      "$cpu",
      number(
        UnsignedInC,
        (program) => program.once("cpu", () => program.builder.call(Helper.GET_SMP_PROCESSOR_ID)),
      ),
    ],
    [
      "$task",
      number(
        task,
        (program) => program.once("task", () => program.builder.call(Helper.GET_CURRENT_TASK)),
        true,
      ),
    ],
  ]);
}

/** Kernel types are looked up only when an expression needs them. */
const typeOfTask = (): TypeInC => ({
  kind: "pointer",
  to: () => typeOfWords(["struct", "task_struct"]) ?? VOID_IN_C,
});

type Add = (name: string, variable: VariableInC) => void;

function addArguments({ hook, signature }: Surroundings, add: Add): void {
  const reads = isSyscall(hook) ? SYSCALL_REGISTERS.map(readSyscall) : registerReads();
  reads.forEach((read, i) => add(`arg${i + 1}`, number(UnsignedLongInC, read)));
  signature?.parameters.forEach(({ name, type }, i) => {
    const found = typeOfWords(wordsOf(type));
    if (found?.kind !== "int" && found?.kind !== "pointer") {
      throw new NotKnown(`no argument of type '${type}' is known`, signature.start);
    }
    const read = reads[i];
    if (!read) throw new NotKnown("more arguments than registers", signature.start);
    add(name, number(found, (program) => converted(program, read, found)));
  });
}

/** A register's value converted to a type. */
export function converted(program: ProgramWriter, read: Read, type: TypeInC): CodeOperand {
  const whole = { op: "variable", read, type: UnsignedLongInC, isKernel: false } as const;
  return lowerInC(program, convertInC(whole, type));
}

const MOST_ARGUMENTS = 6;

const registerReads = (): Read[] =>
  registerOffsets().args.slice(0, MOST_ARGUMENTS).map((offset): Read => ({ builder, context }) =>
    builder.load(context, offset, 8)
  );

/** A system call's arguments are in the registers of the program that made it. */
const readSyscall = (field: string): Read => (program) => {
  const { builder, context } = program;
  const registers = builder.load(context, registerOffsets().args[0]!, 8);
  const address = builder.alu("add", registers, BigInt(registerOffset(field)));
  return readNumber(program, "kernel", address, 8);
};

function addUsdt({ hook, path, machine, pid }: Surroundings, add: Add): void {
  const options = usdtOptions(hook.name, path!, pid);
  let specs: ReturnType<typeof readerFor>["specs"] | undefined;
  const specsOf = () => specs ??= readerFor(hook.name, options).specs;
  usdtTypes(hook, path, machine).forEach((name, i) => {
    const type = typeOfWords([name]);
    if (type?.kind !== "int") return;
    const read: Read = (program) => usdtArgument(program, specsOf(), i, true).reg;
    add(`arg${i + 1}`, {
      ...number(type, (program) => fitting(program, read, type)),
      problem: () => {
        const hidden = specsOf().map((spec) => spec[i]).find((each) => each && !each.code);
        if (!hidden) return undefined;
        const what = `argument ${i + 1} of ${hook.name}`;
        return `this cannot be read: ${what} is in ${hidden.argument.operand}, which programs cannot read`;
      },
    });
  });
}

/** A value extended by the signedness it has at each location. */
const fitting = (program: ProgramWriter, read: Read, type: IntInC) =>
  type.bits === 64 ? read(program) : converted(program, read, type);

/** `args` of a tracepoint: a struct with the members in its format file. */
function contextOf({ hook, machine }: Surroundings): VariableInC {
  const { category, name } = hook as Hook & { readonly kind: "tracepoint" };
  const fields = machine.tracepointFields(`${category}/${name}`);
  const members = new Map<string, () => MemberInC | undefined>();
  for (const field of fields) {
    const plain = field.name.replace(/\[.*/, "");
    if (field.type.startsWith("__data_loc")) {
      if (field.type.startsWith("__data_loc char")) members.set(plain, () => textMember(field));
      members.set(
        `data_loc_${plain}`,
        () => ({ type: int(32, true), bitOffset: 8 * field.offset }),
      );
    } else members.set(plain, () => memberOf(field));
  }
  const ends = fields.map(({ offset, size }) => offset + size);
  return {
    type: pointerTo({
      kind: "struct",
      name: `struct tracepoint__${category}__${name}`,
      bytes: Math.max(0, ...ends),
      member: (name) => members.get(name)?.(),
    }),
  };
}

/** A dynamic string behind the fields: its offset is in the lower half of a number. */
function textMember({ offset }: TracepointField): MemberInC {
  const read: Read = (program) => {
    const { builder, context } = program;
    const start = contextNumber(program);
    return builder.alu("add", builder.alu("and", builder.load(context, offset, 4), 0xffffn), start);
  };
  const type = pointerTo(CHAR);
  return { type, bitOffset: 8 * offset, value: { type, read, isKernel: true } };
}

function memberOf({ type, name, offset, size, signed }: TracepointField): MemberInC | undefined {
  const place = (found: TypeInC | undefined) => found && { type: found, bitOffset: 8 * offset };
  const words = wordsOf(type);
  if (name.includes("[")) {
    const element = typeOfWords(words);
    if (element?.kind !== "int") return undefined;
    const bytes = element.bits / 8;
    return place({ kind: "array", element: () => element, length: Math.floor(size / bytes) });
  }
  if (words.at(-1) === "*") return place(typeOfWords(words) ?? pointerTo(VOID_IN_C));
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8) return undefined;
  if (type === "bool") return place(typeOfWords([type]));
  // char is signed for BPF, whatever it is in the kernel.
  return place(int(8 * size as IntInC["bits"], signed || type === "char"));
}
