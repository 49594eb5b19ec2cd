/**
 * The variables of trace's and argdist's expressions: arguments, return value, and the current
 * task.
 *
 * @module
 */

import { SYSCALL_REGISTERS } from "../../plumbing.ts";
import type { Machine } from "../machine/machine.ts";
import { type Expression, memberVariable, POINTERS } from "./expression.ts";
import { ProbeError } from "./probe_error.ts";
import { UsageError } from "../options/options.ts";
import { isSyscall } from "./probe_code.ts";
import type { Hook } from "./probe_hook.ts";
import { usdtVariables } from "./usdt_variables.ts";

const ARGUMENT = /^arg(\d+)$/;

/** The C of variables with special names. */
export type Variables = Readonly<Record<string, string>>;

const COMMON: Variables = {
  $pid: "unsigned $pid = (u32)__ids;",
  $tgid: "unsigned $tgid = __ids >> 32;",
  $uid: "unsigned $uid = (u32)bpf_get_current_uid_gid();",
  $gid: "unsigned $gid = bpf_get_current_uid_gid() >> 32;",
  $cpu: "unsigned $cpu = bpf_get_smp_processor_id();",
  $task: "struct task_struct *$task = (struct task_struct *)bpf_get_current_task();",
};

const RETURNED: Variables = Object.fromEntries(
  ["retval", "$retval"].flatMap((name) => [
    [name, `u64 ${name} = PT_REGS_RC(ctx);`],
    [POINTERS[name]!, `void *${POINTERS[name]} = (void *)PT_REGS_RC(ctx);`],
  ]),
);

const ENTERED: Variables = Object.fromEntries(
  [1, 2, 3, 4, 5, 6].flatMap((n) => [
    [`arg${n}`, `u64 arg${n} = PT_REGS_PARM${n}(ctx);`],
    [`Arg${n}`, `void *Arg${n} = (void *)PT_REGS_PARM${n}(ctx);`],
  ]),
);

/** A system call's arguments are in the registers of the program that made it. */
const CALLED: Variables = Object.fromEntries(
  SYSCALL_REGISTERS.flatMap((field, i) => {
    const read = "bpf_probe_read_kernel(&value, sizeof(value), " +
      `&((struct pt_regs *)PT_REGS_PARM1(ctx))->${field})`;
    return [
      [`arg${i + 1}`, `u64 arg${i + 1} = ({ u64 value = 0; ${read}; value; });`],
      [`Arg${i + 1}`, `void *Arg${i + 1} = ({ void *value = 0; ${read}; value; });`],
    ];
  }),
);

/** The variables available at a hook; `path` is the file of a USDT probe. */
export function variablesOf(
  hook: Hook,
  path: string | undefined,
  machine: Machine,
): Variables {
  switch (hook.kind) {
    case "entry":
      return { ...COMMON, ...isSyscall(hook) ? CALLED : ENTERED };
    case "return":
      return { ...COMMON, ...RETURNED };
    case "tracepoint":
      return { ...COMMON, ...textVariables(hook.category, hook.name, machine) };
    case "usdt":
      return { ...COMMON, ...usdtVariables(hook, path, machine) };
  }
}

/**
 * For a dynamic string in a tracepoint's record, libbcc's struct has its offset in the lower half.
 */
function textVariables(category: string, name: string, machine: Machine): Variables {
  if (machine.hasHook(`tracepoint:${category}:${name}`).answer === "no") {
    throw new UsageError(
      `this kernel has no tracepoint ${category}:${name}: tplist lists those there are`,
    );
  }
  const texts = machine.tracepointFields(`${category}/${name}`)
    .filter(({ type }) => type.startsWith("__data_loc char"));
  return Object.fromEntries(texts.map(({ name }) => {
    const variable = memberVariable(name);
    const place = `(args->data_loc_${name} & 0xffff)`;
    return [variable, `char *${variable} = (char *)args + ${place};`];
  }));
}

/** Declares the variables that expressions use. */
export function declarations(codes: readonly string[], variables: Variables): string[] {
  const used = new Set(codes.flatMap((code) => code.match(/[$A-Za-z_][$\w]*/g) ?? []));
  return Object.keys(variables).filter((name) => used.has(name))
    .map((name) => `  ${variables[name]}`);
}

/** Checks that all special names in expressions are available at this hook. @throws {ProbeError} */
export function checkNames(
  expressions: readonly Expression[],
  hook: Hook,
  variables: Variables,
  parameters: ReadonlySet<string>,
): void {
  for (const expression of expressions) {
    for (const [i, { kind, text, at }] of expression.tokens.entries()) {
      // A struct member may have any name.
      if (/^(->|\.)$/.test(expression.tokens[i - 1]?.text ?? "")) continue;
      const special = text.startsWith("$") || ARGUMENT.test(text) || text === "retval";
      if (kind !== "name" || !special || text in variables || parameters.has(text)) continue;
      throw new ProbeError(absence(text, hook, variables), expression.probe, at);
    }
  }
}

function absence(name: string, hook: Hook, variables: Variables): string {
  if (ARGUMENT.test(name)) {
    if (hook.kind === "return") return `there is no ${name} when a function returns`;
    if (hook.kind === "tracepoint") return `a tracepoint has no ${name}: use args->MEMBER`;
    const last = Object.keys(variables).filter((name) => ARGUMENT.test(name)).length;
    const has = last === 0
      ? "the probe has no arguments"
      : last === 1
      ? "arg1 only"
      : `arg1 to arg${last}`;
    return `there is no ${name} here: ${has}`;
  }
  if (/^\$?retval$|^\$latency$|^\$entry$/.test(name)) {
    return `there is ${name} in return probes only (r:)`;
  }
  const names = Object.keys(variables).filter((name) =>
    name.startsWith("$") && !/^\$[A-Z][a-z]/.test(name)
  );
  return `there is no ${name}: there are ${names.join(", ")}`;
}
