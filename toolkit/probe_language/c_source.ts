/**
 * Assembles the C text of programs that contain expressions from the command line, and maps errors
 * of the compiler or verifier back to these.
 *
 * @module
 */

import { CompileError, VerifierError } from "../../mod.ts";
import type { Expression } from "./expression.ts";
import { ProbeError } from "./probe_error.ts";

/** A part of a probe specifier. */
type Span = Pick<Expression, "probe" | "start" | "end">;

const MARK = /\/\* e(\d+) \*\//;

/** A C text under construction. */
export class CSource {
  readonly #lines: string[] = [];
  readonly #spans: Span[] = [];
  /** Probes by program name. */
  readonly #probes = new Map<string, string>();

  /** Adds lines. */
  add(...lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  /** Marks the following lines as the program of a probe. */
  program(name: string, probe: string): void {
    this.#probes.set(name, probe);
  }

  /**
   * Adds a part of a probe on a line of its own, starting at the first column; returns that line.
   */
  expression({ probe, start, end }: Span, code: string): string {
    const line = `${code} /* e${this.#spans.length} */`;
    this.#lines.push(line);
    this.#spans.push({ probe, start, end });
    return line;
  }

  /** The text. */
  get text(): string {
    return this.#lines.join("\n") + "\n";
  }

  /**
   * Converts an error about a part of a probe into a {@linkcode ProbeError}; others are returned as
   * they are.
   *
   * @param text the compiled text: this one, perhaps embedded in more
   */
  explain(error: unknown, text: string): unknown {
    if (error instanceof CompileError) return this.#compileError(error, text) ?? error;
    if (error instanceof VerifierError) return this.#verifierError(error) ?? error;
    return error;
  }

  #compileError({ line, column, message }: CompileError, text: string): ProbeError | undefined {
    const said = /column \d+: (.*)/.exec(message)?.[1];
    const lines = text.split("\n");
    const span = this.#spanOf(lines[line - 1]);
    // Something missing at the end is reported for the following line; a failed conversion for the
    // line before, which contains it.
    const before = this.#spanOf(lines[line - 2]);
    const after = this.#spanOf(lines[line]);
    if (said === undefined) return undefined;
    const reason = `this does not compile: ${said.replace(/ \[-W[^\]]*\]$/, "")}`;
    if (span) {
      return new ProbeError(reason, span.probe, Math.min(span.start + column - 1, span.end));
    }
    if (before) return new ProbeError(reason, before.probe, before.end);
    if (after) return new ProbeError(reason, after.probe, after.start);
    return this.#programError(reason, lines, line);
  }

  /** An error in generated code of a probe: mostly caused by its arguments. */
  #programError(reason: string, lines: readonly string[], line: number): ProbeError | undefined {
    const head = lines.slice(0, line).findLast((text) => /^int \w+\(/.test(text));
    const probe = this.#probes.get(/^int (\w+)/.exec(head ?? "")?.[1] ?? "");
    if (probe === undefined) return undefined;
    const [, number, why] = /'_bpf_readarg_\w+_(\d+)' is unavailable: (.*)/.exec(reason) ?? [];
    if (number === undefined) return new ProbeError(reason, probe, 0);
    const at = probe.search(new RegExp(`\\barg${number}\\b`));
    return new ProbeError(`this cannot be read: ${why}`, probe, Math.max(at, 0));
  }

  #verifierError({ message, program }: VerifierError): ProbeError | undefined {
    const span = this.#spanOf(message);
    const probe = span?.probe ?? this.#probes.get(program);
    if (probe === undefined) return undefined;
    const said = /^[^\n]*?: [^\n]*?: (.*?)(?: at (?:line \d+: )?"[^]*)?$/.exec(message)?.[1];
    return new ProbeError(`the kernel refuses this: ${said ?? message}`, probe, span?.start ?? 0);
  }

  #spanOf(line: string | undefined): Span | undefined {
    const index = MARK.exec(line ?? "")?.[1];
    return index === undefined ? undefined : this.#spans[Number(index)];
  }
}
