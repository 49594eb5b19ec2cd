/**
 * `ts-bcc check`: compiles a script or one-liner for this kernel and runs nothing.
 *
 * @module
 */

import { requireKprobes } from "../../bpf/attach/kprobe.ts";
import { Bpf } from "../../mod.ts";
import { argument, flag, parseOptions, text, UsageError } from "../../toolkit/options/options.ts";
import { readExpression, readUnloaded } from "./read_script.ts";
import { expression } from "./run_options.ts";

const OPTIONS = {
  expression,
  load: flag({ long: "load", help: "let the kernel check the programs too" }),
  file: argument(text({ long: "file", meta: "FILE", help: "the script" })),
} as const;

/**
 * Compiles, and with `--load` loads; returns one line that says what was compiled.
 *
 * @throws {UsageError} and the errors of compiling and loading
 */
export async function checkScript(words: readonly string[]): Promise<string> {
  const { expression, load, file } = parseOptions(OPTIONS, words);
  if (expression.length > 0 === (file !== undefined)) {
    throw new UsageError("check needs a FILE, or programs behind -e");
  }
  const code = file === undefined
    ? readExpression(expression.join(",\n"))
    : await readUnloaded(file);
  if (!code) {
    throw new UsageError(
      `${file} gives no programs: export them as default, or load them by Bpf.load()`,
    );
  }
  const compiled = code.compile();
  if (load) {
    using bpf: Bpf = Bpf.load(code, { name: "ts-bcc check" });
    // A kernel without kprobes loads kprobe programs all the same, but could not attach them.
    for (const program of bpf.programs.values()) {
      const [, kind, name] = /^(k(?:ret)?probe)\/(.+)$/.exec(program.section) ?? [];
      if (kind) requireKprobes(program, `${kind} ${name}`);
    }
  }
  return `${load ? "compiled and loaded" : "compiled"} ${compiled.join(", ")}`;
}
