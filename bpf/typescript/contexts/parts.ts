/**
 * Parts that contexts are built from.
 *
 * @module
 */

import type { Program } from "../lower/program.ts";
import type { InMemory, Value } from "../lower/values.ts";
import { type Type, U64 } from "../language/types.ts";

/** Values by name. */
export function fields(what: string, values: Record<string, Value>): Value {
  return { kind: "fields", what, fields: new Map(Object.entries(values)) };
}

/** Consecutive eight-byte values in the context. */
export function elements(
  program: Program,
  what: string,
  offsets: readonly number[],
): Value & { kind: "elements" } {
  return { kind: "elements", what, elements: offsets.map((offset) => word(program, offset)) };
}

/** An eight-byte value in the context. */
export function word(program: Program, offset: number): InMemory {
  return at(program, offset, U64);
}

/** Memory in the context. */
export function at(program: Program, offset: number, type: Type): InMemory {
  const readOnly = "what a program is given can only be read";
  return { kind: "memory", base: program.context, offset, type, access: "direct", readOnly };
}
