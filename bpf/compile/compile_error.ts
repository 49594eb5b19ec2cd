/**
 * Compiler diagnostics as an error with the lines of the user's source.
 *
 * @module
 */

import { TsBccError } from "../../ffi/error/ts_bcc_error.ts";

/** One complaint of the compiler. */
export interface Diagnostic {
  /** Its severity. */
  readonly severity: "error" | "warning" | "note";
  /** What the compiler says. */
  readonly message: string;
  /** The file it is in; the compiled text itself has none. */
  readonly file: string | undefined;
  /** The line, counted from 1. */
  readonly line: number;
  /** The column, counted from 1. */
  readonly column: number;
}

/** The text did not compile: where, why, and the line itself with a caret under the column. */
export class CompileError extends TsBccError {
  /** The name of the class. */
  override name = "CompileError";
  /** The first error's line, counted from 1; 0 when the compiler names none. */
  readonly line: number;
  /** The first error's column, counted from 1; 0 when the compiler names none. */
  readonly column: number;
  /** All complaints, in the compiler's order. */
  readonly diagnostics: readonly Diagnostic[];
  // Private: a runtime that prints an uncaught error prints its fields, and this may be long.
  readonly #log: string;

  /** Made by {@linkcode Bpf.compile}; `output` is what the compiler printed. */
  constructor(program: string, source: string, output: string) {
    const diagnostics = parseDiagnostics(source, output);
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error");
    const first = errors[0];
    super(`Cannot compile ${program}: ${first ? describe(first, source) : unplaced(output)}`);
    const more = errors.length - 1;
    if (more > 0) this.message += `\n(${more} more error${more > 1 ? "s" : ""})`;
    this.line = first?.line ?? 0;
    this.column = first?.column ?? 0;
    this.diagnostics = diagnostics;
    this.#log = output;
  }

  /** What went wrong: see {@linkcode ErrorKind}. */
  override get kind(): "compile" {
    return "compile";
  }

  /** Everything the compiler printed. */
  get log(): string {
    return this.#log;
  }
}

/** The name libbcc gives to the text it compiles. */
const MAIN = "/virtual/main.c";
const PLACE = /^(.+?):(\d{1,9}):(\d{1,9}): (fatal error|error|warning|note): (.*)$/;

/** Reads clang's output; each complaint is one line, then the source line and a line of carets. */
export function parseDiagnostics(source: string, output: string): Diagnostic[] {
  const sourceLines = source.split("\n");
  const lines = output.split("\n");
  const found = new Map<string, Diagnostic>();
  lines.forEach((text, i) => {
    const [, file, line, column, kind, message] = PLACE.exec(text) ?? [];
    if (file === undefined) return;
    const inMain = file === MAIN;
    const diagnostic: Diagnostic = {
      severity: kind === "fatal error" ? "error" : kind as Diagnostic["severity"],
      message: message!,
      file: inMain ? undefined : file,
      line: inMain ? originalLine(sourceLines, Number(line), lines[i + 1] ?? "") : Number(line),
      column: Number(column),
    };
    // libbcc compiles more than once and may say the same again.
    found.set(`${diagnostic.file}:${diagnostic.line}:${column}:${message}`, diagnostic);
  });
  return [...found.values()];
}

/**
 * The line of the user's text: libbcc puts the structs of tracepoints into it, so that what the
 * compiler counts may lie further down than what the user sees.
 */
function originalLine(source: readonly string[], line: number, quoted: string): number {
  // Since clang 17 the line's number precedes the quoted line: "   12 | text".
  const told = quoted.trimEnd().replace(new RegExp(`^ *${line} \\| `), "");
  // Where the text calls bpf_usdt_readarg(), clang quotes the call by which libbcc has replaced it.
  const argument = /_bpf_readarg_\w+_(\d+)\(/.exec(told)?.[1];
  const call = new RegExp(`bpf_usdt_readarg(?:_p)?\\s*\\(\\s*${argument}\\b`);
  const same = (text: string | undefined) =>
    argument === undefined ? text?.trimEnd() === told : text !== undefined && call.test(text);
  if (same(source[line - 1])) return line;
  const before = source.slice(0, line).findLastIndex(same);
  return before < 0 ? line : before + 1;
}

/**
 * Paths of installed kernel headers, relative since libbcc compiles in their folder. Headers of
 * newer kernels contain what an older clang does not know. Not linux/kconfig.h: where headers are
 * made from BTF, that is this library's own.
 */
const KERNEL_HEADER = /^(?:include|arch)\/(?!linux\/kconfig\.h)/;
/** What clang up to 15, and later versions, say of a call of an undeclared function. */
const NO_FUNCTION =
  /^(?:implicit declaration of|call to undeclared) function '(\w+)'.*\[-W[\w,-]+\]$/;

function describe({ file, line, column, message }: Diagnostic, source: string): string {
  const place = file === undefined ? "" : `in "${file}" `;
  const plain = message.replace(NO_FUNCTION, "use of undeclared function '$1'");
  const sentence = `${place}line ${line}, column ${column}: ${plain}`;
  const text = source.split("\n")[line - 1];
  if (file !== undefined && KERNEL_HEADER.test(file)) {
    return `${sentence}: this libbcc cannot read the headers of this kernel: use headers: "btf"`;
  }
  if (file !== undefined || text === undefined) return sentence;
  // Tabs stay tabs, so that the caret is under the column whatever their width.
  const indent = text.slice(0, column - 1).replace(/[^\t]/g, " ");
  const number = String(line);
  return `${sentence}\n${number} | ${text}\n${" ".repeat(number.length)} | ${indent}^`;
}

/** The message for output without a location: its first line that is not empty. */
function unplaced(output: string): string {
  const line = output.split("\n").map((text) => text.trim()).find((text) => text !== "");
  return line?.replace(/^(?:error|fatal error): /, "") ?? "the compiler did not say why";
}
