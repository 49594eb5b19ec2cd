/**
 * `print`: emits a record with the call's number and its values, which the reader formats as a
 * line.
 *
 * @module
 */

import type { Call, Expression } from "../language/syntax.ts";
import { addressCodec, PRINT_MAP, type PrintedValue } from "../language/prints.ts";
import { type Int, isScalar, sizeOfType, type Type, typeOf, U64 } from "../language/types.ts";
import { settle } from "./declarations.ts";
import { addToGlobal } from "./entries.ts";
import { lower } from "./expressions.ts";
import { Helper } from "./helpers.ts";
import { isKernel } from "./kernel_memory.ts";
import { describeValue, present } from "./loaded.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { storeInto } from "./stores.ts";
import { type Value, VOID } from "./values.ts";

/** The size of texts without a fixed length. */
const TEXT_SIZE = 256;
/** The call's number comes first. */
const HEADER = 8;

/** A value and its type in the record. */
interface Part {
  readonly node: Expression;
  readonly value: Value;
  readonly type: Type;
  readonly printed: PrintedValue;
}

/** The values of a line, and the texts around them: templates and values, with a space in between. */
function lineOf(words: readonly Expression[]): { texts: string[]; values: Expression[] } {
  const [texts, values]: [string[], Expression[]] = [[""], []];
  const write = (text: string) => {
    texts[texts.length - 1] += text;
  };
  const add = (node: Expression): void => {
    if (node.type === "ParenthesizedExpression") return add(node.expression);
    if (node.type !== "TemplateLiteral") {
      values.push(node);
      texts.push("");
      return;
    }
    node.quasis.forEach(({ value }, i) => {
      write(value.cooked);
      const inner = node.expressions[i];
      if (inner) add(inner);
    });
  };
  words.forEach((word, i) => {
    if (i > 0) write(" ");
    add(word);
  });
  return { texts, values };
}

/** Compiles `print(…)`: templates and values, with a space in between. */
export function print(program: Program, node: Call, scope: Scope): Value {
  const { builder } = program;
  const { texts, values } = lineOf(node.arguments);
  const parts: Part[] = [];
  let size = HEADER;
  const pieces = [texts[0]!];
  values.forEach((each, i) => {
    const value = settled(program, each, scope);
    if (value.kind === "string") {
      pieces[pieces.length - 1] += value.text + texts[i + 1]!;
      return;
    }
    const part = partOf(program, each, value, size);
    parts.push(part);
    pieces.push(texts[i + 1]!);
    size += Math.ceil(sizeOfType(part.type) / 8) * 8;
  });
  builder.line = program.source.line(node.start);
  const id = program.addPrint({ texts: pieces, values: parts.map(({ printed }) => printed) }, node);
  const pointer = builder.call(Helper.RINGBUF_RESERVE, { map: PRINT_MAP }, BigInt(size), 0n);
  builder.keep();
  const [room, full, end] = [builder.block(), builder.block(), builder.block()];
  builder.branch("ne", pointer, 0n, room, full);
  builder.enter(room);
  program.apart(() => {
    builder.store(pointer, 0, 8, BigInt(id));
    for (const { node, value, type, printed } of parts) {
      storeInto(program, node, value, type, pointer, printed.offset, undefined, { keepRest: true });
    }
    builder.call(Helper.RINGBUF_SUBMIT, pointer, 0n);
  });
  builder.jump(end);
  builder.enter(full);
  addToGlobal(program, `${PRINT_MAP}_dropped`);
  builder.enter(end);
  return VOID;
}

/** Numbers are computed before the record is reserved; texts are written in place. */
function settled(program: Program, node: Expression, scope: Scope): Value {
  const value = present(program, node, lower(program, node, scope));
  if (value.kind === "made" || value.kind === "memory" && value.type.kind === "text") return value;
  if (isKernel(value)) return settle(program, node, value);
  return settle(program, node, value);
}

function partOf(program: Program, node: Expression, value: Value, offset: number): Part {
  const part = (type: Type, printed: Omit<PrintedValue, "offset">): Part => ({
    node,
    value,
    type,
    printed: { ...printed, offset },
  });
  const text = (size: number) => part({ kind: "text", size }, { kind: "text", size });
  const wide = (signed: boolean): Int => ({ kind: "int", bits: 64, signed });
  switch (value.kind) {
    case "made":
      return text(value.flexible ? TEXT_SIZE : value.type.size);
    case "constant":
      if (value.type === "bool") return part({ kind: "bool" }, { kind: "bool", size: 1 });
      return part(wide(value.value < 0n), {
        kind: value.value < 0n ? "signed" : "unsigned",
        size: 8,
      });
    case "register":
      if (value.type.kind === "bool") return part({ kind: "bool" }, { kind: "bool", size: 1 });
      return part(wide(value.type.signed), {
        kind: value.type.signed ? "signed" : "unsigned",
        size: 8,
      });
    case "address": {
      const type = addressCodec(value.size).type;
      return part(typeOf(type)!, { kind: "ip", size: value.size });
    }
    case "memory":
      if (value.type.kind === "text") return text(value.type.size);
      if (isKernel(value)) return part(U64, { kind: "address", size: 8 });
      if (isScalar(value.type)) {
        if (value.type.kind === "bool") return part({ kind: "bool" }, { kind: "bool", size: 1 });
        return part(wide(value.type.signed), {
          kind: value.type.signed ? "signed" : "unsigned",
          size: 8,
        });
      }
  }
  throw program.error(
    node,
    `numbers, booleans, texts and pointers can be printed, and this is ${describeValue(value)}`,
  );
}
