/**
 * The text of a program that holds expressions people typed, and the way back: what the compiler or
 * the verifier says of such an expression is shown under the user's own text.
 *
 * @module
 */

import { CompileError, VerifierError } from "../../mod.ts";
import type { Expression } from "./expression.ts";
import { Mistake } from "./probe_error.ts";

/** A part of a probe. */
type Place = Pick<Expression, "probe" | "start" | "end">;

const MARK = /\/\* e(\d+) \*\//;

/** A text of C, grown line by line. */
export class CSource {
  readonly #lines: string[] = [];
  readonly #places: Place[] = [];

  /** Adds lines. */
  add(...lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  /** Adds a part of a probe, in a line of its own from the first column on. */
  expression({ probe, start, end }: Place, code: string): void {
    this.#lines.push(`${code} /* e${this.#places.length} */`);
    this.#places.push({ probe, start, end });
  }

  /** The text. */
  get text(): string {
    return this.#lines.join("\n") + "\n";
  }

  /**
   * The error about a part of a probe as a mistake in it; others as they are.
   *
   * @param text what was compiled: this text, perhaps with other text around
   */
  explain(error: unknown, text: string): unknown {
    if (error instanceof CompileError) return this.#compileMistake(error, text) ?? error;
    if (error instanceof VerifierError) return this.#verifierMistake(error) ?? error;
    return error;
  }

  #compileMistake({ line, column, message }: CompileError, text: string): Mistake | undefined {
    const said = /column \d+: (.*)/.exec(message)?.[1];
    const lines = text.split("\n");
    const place = this.#placeOf(lines[line - 1]);
    // What is missing at the end is missed in the line that follows; what cannot be converted is
    // told of the line before, where the conversion is.
    const before = this.#placeOf(lines[line - 2]);
    const after = this.#placeOf(lines[line]);
    if (said === undefined) return undefined;
    const reason = `this does not compile: ${said.replace(/ \[-W[^\]]*\]$/, "")}`;
    if (place) {
      return new Mistake(reason, place.probe, Math.min(place.start + column - 1, place.end));
    }
    if (before) return new Mistake(reason, before.probe, before.end);
    return after && new Mistake(reason, after.probe, after.start);
  }

  #verifierMistake({ message }: VerifierError): Mistake | undefined {
    const place = this.#placeOf(message);
    if (!place) return undefined;
    const said = /^[^\n]*?: [^\n]*?: (.*?) at (?:line \d+: )?"/.exec(message)?.[1];
    return new Mistake(`the kernel refuses this: ${said ?? message}`, place.probe, place.start);
  }

  #placeOf(line: string | undefined): Place | undefined {
    const index = MARK.exec(line ?? "")?.[1];
    return index === undefined ? undefined : this.#places[Number(index)];
  }
}
