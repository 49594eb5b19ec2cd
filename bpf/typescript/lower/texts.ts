/**
 * Texts: comparing them, and reading them by helpers.
 *
 * @module
 */

import { encodeText } from "../../../ffi/codec/mod.ts";
import type { Block, Reg } from "../code/ir.ts";
import type { Conditional, Node } from "../language/syntax.ts";
import { describeValue, present } from "./loaded.ts";
import { copy, wordOf } from "./memory.ts";
import type { Program } from "./program.ts";
import { storeInto } from "./stores.ts";
import type { InMemory, Made, Value } from "./values.ts";

/** The default size of a text that is read. */
export const DEFAULT_TEXT = 64;

export function isText(value: Value): boolean {
  return value.kind === "string" || value.kind === "made" ||
    value.kind === "memory" && value.type.kind === "text";
}

/** The text of `condition ? first : second`, where a register holds the condition as 1 or 0. */
export function chosenText(
  program: Program,
  node: Conditional,
  condition: Reg,
  first: Value,
  second: Value,
): Made {
  const { builder } = program;
  const chosen = builder.copy(condition);
  builder.keep();
  return {
    kind: "made",
    type: { kind: "text", size: Math.max(sizeOf(first), sizeOf(second)) },
    padded: true, // each side clears what it does not write
    flexible: isFlexible(first) || isFlexible(second),
    make(base, offset, size) {
      const [yes, no, end] = [builder.block(), builder.block(), builder.block()];
      builder.branch("ne", chosen, 0n, yes, no);
      for (
        const [block, value, at] of [[yes, first, node.consequent], [
          no,
          second,
          node.alternate,
        ]] as const
      ) {
        builder.enter(block);
        program.apart(() => storeInto(program, at, value, { kind: "text", size }, base, offset));
        builder.jump(end);
      }
      builder.enter(end);
    },
  };
}

const isFlexible = (value: Value) => value.kind === "made" && value.flexible === true;

function sizeOf(value: Value): number {
  if (value.kind === "string") return encodeText(value.text).length + 1;
  return (value as Made | InMemory & { type: Made["type"] }).type.size;
}

/** Branches to `yes` if two texts are equal. */
export function textsEqual(
  program: Program,
  node: Node,
  left: Value,
  right: Value,
  yes: Block,
  no: Block,
): void {
  const { builder } = program;
  const [a, b] = [present(program, node, left), present(program, node, right)];
  if (a.kind === "string" && b.kind === "string") {
    builder.jump(a.text === b.text ? yes : no);
    return;
  }
  if (a.kind === "string" || b.kind === "string") {
    const [text, other] = a.kind === "string" ? [a.text, b] : [(b as { text: string }).text, a];
    const place = placeOf(program, node, other);
    return equalsKnown(program, place, text, yes, no);
  }
  equalTexts(program, node, placeOf(program, node, a), placeOf(program, node, b), yes, no);
}

/** A text in memory that plain loads can access. */
export function placeOf(program: Program, node: Node, value: Value): InMemory {
  if (value.kind === "memory" && value.type.kind === "text") {
    if (value.access === "direct") return value;
    const place = program.builder.slot(value.type.size);
    copy(program, value, place, 0, value.type.size);
    return { kind: "memory", base: place, offset: 0, type: value.type, access: "direct" };
  }
  if (value.kind !== "made") {
    throw program.error(node, `a text is wanted here, and this is ${describeValue(value)}`);
  }
  const { size } = value.type;
  const slot = program.builder.slot(size);
  value.make(slot, 0, size);
  return { kind: "memory", base: slot, offset: 0, type: value.type, access: "direct" };
}

/** Compares the bytes of a constant text including its NUL. */
function equalsKnown(program: Program, place: InMemory, text: string, yes: Block, no: Block): void {
  const { builder } = program;
  const { size } = place.type as { size: number };
  const encoded = encodeText(text);
  if (encoded.length >= size || text.includes("\0")) {
    builder.jump(no);
    return;
  }
  const bytes = new Uint8Array(encoded.length + 1);
  bytes.set(encoded);
  for (let done = 0; done < bytes.length;) {
    let width = 8;
    while (width > bytes.length - done || (place.offset + done) % width !== 0) width /= 2;
    const loaded = builder.load(place.base, place.offset + done, width as 1 | 2 | 4 | 8);
    done += width;
    const next = done < bytes.length ? builder.block() : yes;
    builder.branch("eq", loaded, wordOf(bytes, done - width, width), next, no);
    if (next !== yes) builder.enter(next);
  }
}

/** Compares byte by byte up to the NUL. */
function equalTexts(
  program: Program,
  node: Node,
  a: InMemory,
  b: InMemory,
  yes: Block,
  no: Block,
): void {
  const { builder } = program;
  const size = Math.min((a.type as { size: number }).size, (b.type as { size: number }).size);
  if (size > 64) {
    throw program.error(node, `texts of up to 64 bytes can be compared, and these have ${size}`);
  }
  for (let i = 0; i < size; i++) {
    const [x, y] = [builder.load(a.base, a.offset + i, 1), builder.load(b.base, b.offset + i, 1)];
    const [same, more] = [builder.block(), builder.block()];
    builder.branch("eq", x, y, same, no);
    builder.enter(same);
    builder.branch("eq", x, 0n, yes, more);
    builder.enter(more);
  }
  builder.jump(yes);
}
