/**
 * TypeScript declarations of a kernel: its tracepoints, functions and structs.
 *
 * @module
 */

import { ErrnoError } from "../../../ffi/libc/errno_error.ts";
import {
  type TracepointField,
  tracepointFields,
  tracepoints,
} from "../../tracefs/kernel_functions.ts";
import { BtfKind } from "../../btf/btf.ts";
import { types } from "../language/kernel_types.ts";
import { keyOf, numberOf, TypeTexts } from "./type_texts.ts";

/**
 * The text of a module that declares what is requested, and all structs that it refers to:
 * tracepoints (`sched/sched_switch`, `sched/*`), structs (`struct sock`), functions and BTF
 * tracepoints (`vfs_read`, `sched_switch`, `bpf_iter_task`). Without names, all tracepoints of the
 * kernel.
 *
 * @throws {RangeError} when this kernel has nothing of that name
 */
export function kernelDeclarations(names: readonly string[]): string {
  const btf = types();
  const texts = new TypeTexts(btf);
  const sections = {
    KernelTracepoints: [] as string[],
    KernelBtfTracepoints: [] as string[],
    KernelFunctions: [] as string[],
  };
  const tracepoint = (name: string) => {
    const fields = tracepointFields(name).map(fieldText);
    sections.KernelTracepoints.push(`${JSON.stringify(name)}: { ${fields.join(" ")} };`);
  };
  const parameters = (list: readonly { readonly name: string; readonly type: number }[]) =>
    list.filter(({ name }) => name !== "")
      .map(({ name, type }) => `readonly ${keyOf(name)}: ${texts.of(type)};`).join(" ");
  const functionNamed = (name: string) => {
    const id = btf.functions([name]).get(name);
    if (id === undefined) return false;
    const prototype = btf.target(id);
    const returned = btf.target(prototype);
    const result = btf.resolve(returned) === 0 ? "undefined" : texts.of(returned);
    sections.KernelFunctions.push(
      `${keyOf(name)}: { readonly parameters: { ${
        parameters(btf.parameters(prototype))
      } }; readonly returned: ${result}; };`,
    );
    return true;
  };
  const btfTracepoint = (name: string) => {
    const id = btf.find(`btf_trace_${name}`, BtfKind.TYPEDEF);
    if (id === undefined) return false;
    const tracer = btf.functions([`__bpf_trace_${name}`, `__traceiter_${name}`]);
    const named = [...tracer.values()].map((each) => btf.parameters(btf.target(each)))
      .find((list) => list.slice(1).every((each) => each.name !== ""));
    sections.KernelBtfTracepoints.push(`${keyOf(name)}: { ${parameters(named?.slice(1) ?? [])} };`);
    return true;
  };
  const isGlob = (name: string) => name.includes("*");
  const listed = names.length === 0
    ? tracepoints(/./)
    : names.flatMap((name) => isGlob(name) ? tracepoints(patternOf(name)) : [name]);
  for (const name of new Set(listed)) {
    const isFound = /^(?:struct|union) /.test(name)
      ? texts.add(name)
      : /[/:]/.test(name)
      ? isTracepoint(() => tracepoint(name.replace(":", "/")))
      : [functionNamed(name), btfTracepoint(name), texts.add(name)].some(Boolean);
    if (!isFound) throw new RangeError(missing(name));
  }
  if (names.length === 0) {
    texts.add("task_struct");
    for (const name of listed) btfTracepoint(name.slice(name.indexOf("/") + 1));
  }
  const structs = [...texts.structs()];
  return [
    "// Made by ts-bcc types for this kernel: tracepoints, functions and structs, for editors.",
    "// deno-lint-ignore-file",
    "// deno-fmt-ignore-file",
    "export {};",
    "declare global {",
    ...Object.entries(sections).flatMap(([name, lines]) => section(name, lines)),
    ...section("KernelStructs", structs),
    "}",
    "",
  ].join("\n");
}

const section = (name: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : [
    `  interface ${name} {`,
    ...lines.map((line) => `    ${line}`),
    "  }",
    // known_kernel.ts finds the interface by this declaration; no such variable exists.
    `  var ${name}: ${name};`,
  ];

const patternOf = (glob: string) =>
  new RegExp(`^${glob.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);

function isTracepoint(declare: () => void): boolean {
  try {
    declare();
    return true;
  } catch (error) {
    if (error instanceof ErrnoError) return false;
    throw error;
  }
}

function missing(name: string): string {
  if (/[/:]/.test(name)) {
    return `this kernel has no tracepoint ${name}: list them in /sys/kernel/tracing/events`;
  }
  return `this kernel's BTF has no function, tracepoint or struct ${JSON.stringify(name)}`;
}

/** A field as its format file describes it. */
function fieldText({ type, name, size }: TracepointField): string {
  const [, plain, count] = /^(.*?)(?:\[(\w*)\])?$/.exec(name)!;
  const key = `readonly ${keyOf(plain!)}`;
  if (/^__(?:data|rel)_loc\b/.test(type)) return `${key}: string;`;
  if (count !== undefined) {
    if (/^(?:const )?char$/.test(type)) return `${key}: string;`;
    const isLong = /\b(?:long|[us]64|uint64_t)\b/.test(type);
    return `${key}: readonly ${isLong ? "bigint" : "number"}[];`;
  }
  if (type === "bool") return `${key}: boolean;`;
  if (![1, 2, 4, 8].includes(size)) return `${key}: readonly number[];`;
  return `${key}: ${numberOf(size)};`;
}
