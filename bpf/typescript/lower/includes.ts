/**
 * `text.includes("part")`, with a part known at compile time.
 *
 * @module
 */

import { encodeText } from "../../../ffi/codec/mod.ts";
import type { Block } from "../code/ir.ts";
import type { Call } from "../language/syntax.ts";
import { BOOL } from "../language/types.ts";
import { lower } from "./expressions.ts";
import { placeOf } from "./texts.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { constant, type InMemory, type Value } from "./values.ts";

/** The maximum number of bytes that are compared, one after the other. */
const MOST_COMPARISONS = 1024;

/** Compiles the call. */
export function includes(program: Program, node: Call, text: Value, scope: Scope): Value {
  const [partNode, more] = node.arguments;
  if (!partNode || more) throw program.error(node, "includes() takes one text");
  const part = lower(program, partNode, scope);
  if (part.kind !== "string") {
    throw program.error(partNode, "this text must be a compile-time constant");
  }
  if (text.kind === "string") return constant(text.text.includes(part.text) ? 1n : 0n, "bool");
  const place = placeOf(program, node, text);
  const { size } = place.type as { size: number };
  const bytes = encodeText(part.text);
  const starts = size - bytes.length; // the text ends with a NUL
  if (bytes.length === 0) return constant(1n, "bool");
  if (bytes.includes(0) || starts <= 0) return constant(0n, "bool");
  if (starts * bytes.length > MOST_COMPARISONS) {
    throw program.error(
      node,
      `finding ${bytes.length} bytes in a text of ${size} takes too long: give the text a smaller size`,
    );
  }
  const { builder } = program;
  builder.keep();
  const [found, end] = [builder.block(), builder.block()];
  const result = builder.register();
  builder.move(result, 0n);
  for (let start = 0; start < starts; start++) findAt(program, place, bytes, start, found, end);
  builder.jump(end);
  builder.enter(found);
  builder.move(result, 1n);
  builder.enter(end);
  return { kind: "register", reg: result, type: BOOL };
}

/**
 * Branches to `found` if the bytes are there, to `end` if the text is over, and continues
 * otherwise.
 */
function findAt(
  { builder }: Program,
  place: InMemory,
  bytes: Uint8Array,
  start: number,
  found: Block,
  end: Block,
): void {
  const [more, next] = [builder.block(), builder.block()];
  const first = builder.load(place.base, place.offset + start, 1);
  builder.branch("ne", first, 0n, more, end);
  builder.enter(more);
  bytes.forEach((byte, i) => {
    const same = i + 1 < bytes.length ? builder.block() : found;
    const loaded = i === 0 ? first : builder.load(place.base, place.offset + start + i, 1);
    builder.branch("eq", loaded, BigInt(byte), same, next);
    if (same !== found) builder.enter(same);
  });
  builder.enter(next);
}
