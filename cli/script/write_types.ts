/**
 * `ts-bcc types`: writes TypeScript declarations of this kernel's types and tracepoints.
 *
 * @module
 */

import { kernelDeclarations } from "../../bpf/typescript/declarations/kernel_declarations.ts";
import { writeFile } from "../../plumbing.ts";
import { argumentList, helpText, parseOptions, text } from "../../toolkit/options/options.ts";
import { standardOptions } from "../../toolkit/options/standard_options.ts";
import { printText } from "../../toolkit/output/output.ts";

const OPTIONS = {
  out: text({ long: "out", meta: "FILE", help: "write to this file, such as kernel.d.ts" }),
  help: standardOptions.help,
  names: argumentList({
    long: "NAME",
    help: "a tracepoint (sched/sched_switch, sched/*), a struct (struct sock), or a function; " +
      "default all tracepoints",
  }),
} as const;

/**
 * Writes TypeScript declarations. @throws {UsageError} @throws {RangeError} when the kernel has no
 * such type or tracepoint
 */
export async function writeTypes(words: readonly string[]): Promise<void> {
  const { out, help, names } = parseOptions(OPTIONS, words);
  if (help) {
    return await printText(
      helpText({
        name: "ts-bcc types",
        summary: "Declare this kernel's tracepoints, functions and structs for TypeScript.",
        examples: [
          ["ts-bcc types --out kernel.d.ts", "all tracepoints, and the structs they lead to"],
          ["ts-bcc types 'syscalls/*' vfs_read", "these only, to standard output"],
        ],
      }, OPTIONS),
    );
  }
  const declarations = kernelDeclarations(names ?? []);
  if (out === undefined) return await printText(declarations.trimEnd());
  writeFile(out, new TextEncoder().encode(declarations));
}
