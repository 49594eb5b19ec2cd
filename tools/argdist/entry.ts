/**
 * Keeps values from a function's entry for its return: a program at the entry stores them in a map.
 *
 * @module
 */

import type { ArgdistProbe } from "./probe.ts";
import type { CSource } from "../../toolkit/probe_language/c_source.ts";
import {
  entriesOf,
  entryVariable,
  type Expression,
  namesOf,
} from "../../toolkit/probe_language/expression.ts";
import { ProbeError } from "../../toolkit/probe_language/probe_error.ts";
import { functionHead, programName } from "../../toolkit/probe_language/probe_code.ts";
import type { Hook } from "../../toolkit/probe_language/probe_hook.ts";
import type { Variables } from "../../toolkit/probe_language/probe_variables.ts";

/** The maximum number of calls in flight, including those of threads that ended within a call. */
export const CALLS = 10240;

/** Whether expressions at a return use values from the entry. */
export function needsEntry(expressions: readonly Expression[]): boolean {
  return expressions.some((each) => namesOf(each).has("$entry") || namesOf(each).has("$latency"));
}

/** Adds the entry program and its map. @param filter the statements at the program's start */
export function addEntry(
  source: CSource,
  { hook, signature, text }: ArgdistProbe,
  index: number,
  filter: readonly string[],
): { readonly program: string; readonly hook: Hook } {
  const entry = { ...hook, kind: "entry" } as Hook & { readonly kind: "entry" };
  const program = `${programName(entry, index)}_entry`;
  const parameters = signature?.parameters ?? [];
  source.add(`struct entry_${index} {`, "  u64 __time;");
  source.add(...parameters.map(({ type, name }) => `  ${type} ${name};`));
  source.add(
    "};",
    `struct call_${index} { u64 task, frame; };`,
    `BPF_TABLE("hash", struct call_${index}, struct entry_${index}, entries_${index}, ${CALLS});`,
  );
  functionHead(source, program, entry, signature, text);
  source.add(
    ...filter,
    callCode(hook, index, CALL_SIZE),
    `  struct entry_${index} __entry;`,
    "  __builtin_memset(&__entry, 0, sizeof(__entry));",
    ...parameters.map(({ name }) => `  __entry.${name} = ${name};`),
    "  __entry.__time = bpf_ktime_get_ns();",
    `  if (entries_${index}.update(&__call, &__entry)) events_dropped.atomic_increment(0);`,
    "  return 0;",
    "}",
  );
  return { program, hook: entry };
}

/** The variables for `$entry(NAME)` and `$latency`. @throws {ProbeError} for an unknown name */
export function entryVariables(
  { text, hook, signature }: ArgdistProbe,
  expressions: readonly Expression[],
): Variables {
  if (hook.kind !== "return") return {};
  const parameters = signature?.parameters ?? [];
  for (const { text: name, at } of expressions.flatMap(entriesOf)) {
    if (parameters.some((parameter) => parameter.name === name)) continue;
    throw new ProbeError(`the signature has no parameter ${name}`, text, at);
  }
  return {
    $latency: "u64 $latency = __left - __entry->__time;",
    ...Object.fromEntries(parameters.map(({ type, name }) => {
      const variable = entryVariable(name);
      // libbcc rewrites dereferences only of pointers that were assigned from the context.
      const code = type.endsWith("*")
        ? `${type} ${variable} = (${type})PT_REGS_RC(ctx); ${variable} = __entry->${name};`
        : `${type} ${variable} = __entry->${name};`;
      return [variable, code];
    })),
  };
}

/** Bytes pushed by the call and popped by the return. */
export const CALL_SIZE = process.arch === "arm64" ? 0 : 8;

/**
 * The key that entry and return of a call share: the thread, and for user functions the stack
 * pointer, so that recursive calls are told apart.
 */
function callCode(hook: Hook, index: number, pushed: number): string {
  const isUser = hook.kind !== "tracepoint" && hook.library !== undefined;
  const frame = isUser ? `PT_REGS_SP(ctx) + ${pushed}` : "0";
  return `  struct call_${index} __call = { bpf_get_current_pid_tgid(), ${frame} };`;
}

/** The statements with which a return looks up its entry; without one they end the program. */
export const lookUpEntry = (hook: Hook, index: number) => [
  "  u64 __left = bpf_ktime_get_ns();",
  callCode(hook, index, 0),
  `  struct entry_${index} *__found = entries_${index}.lookup(&__call);`,
  "  if (!__found) return 0;",
  `  struct entry_${index} __copy = *__found, *__entry = &__copy;`,
  `  entries_${index}.delete(&__call);`,
];
