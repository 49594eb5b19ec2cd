/**
 * Signatures of functions: `int fd, const char __user *name`.
 *
 * @module
 */

import { splitTokens, tokensOf } from "./c_tokens.ts";
import type { Expression } from "./expression.ts";
import { ProbeError } from "./probe_error.ts";

/** A parameter. */
export interface Parameter {
  readonly name: string;
  /** Its type, in C. */
  readonly type: string;
}

/** A signature without its parentheses. */
export interface Signature extends Expression {
  readonly parameters: readonly Parameter[];
}

/** Parses the signature between two positions. @throws {ProbeError} */
export function parseSignature(probe: string, start: number, end: number): Signature | undefined {
  const tokens = tokensOf(probe, start, end);
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (!first || !last || tokens.length === 1 && first.text === "void") return undefined;
  const stray = tokens.find(({ kind, text }) => kind !== "name" && text !== "*" && text !== ",");
  if (stray) {
    throw new ProbeError(
      'a signature has types and names only: "int fd, char *name"',
      probe,
      stray.at,
    );
  }
  const parameters = splitTokens(tokens, ",").map((part) => {
    const name = part.at(-1);
    // $task and the like are variables of the probe.
    if (name?.text.includes("$")) {
      throw new ProbeError("a parameter's name has no $", probe, name.at);
    }
    if (part.length < 2 || name?.kind !== "name") {
      const place = name ? name.at + name.text.length : first.at;
      throw new ProbeError("expected a type and a name", probe, place);
    }
    return { name: name.text, type: part.slice(0, -1).map(({ text }) => text).join(" ") };
  });
  return { probe, tokens, start: first.at, end: last.at + last.text.length, parameters };
}
