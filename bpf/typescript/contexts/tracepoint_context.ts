/**
 * The fields of a tracepoint, from its format file in tracefs.
 *
 * @module
 */

import { explainTracepoint } from "../../attach/tracepoint.ts";
import { BpfError, ErrnoError } from "../../base/errors.ts";
import { type TracepointField, tracepointFields } from "../../tracefs/kernel_functions.ts";
import { Helper } from "../lower/helpers.ts";
import { target } from "../lower/memory.ts";
import type { Program } from "../lower/program.ts";
import type { Value } from "../lower/values.ts";
import { BOOL, type Int } from "../language/types.ts";
import { at } from "./parts.ts";

/** The context of a tracepoint. */
export function tracepointContext(program: Program, category: string, name: string): Value {
  const what = `tracepoint ${category}/${name}`;
  try {
    const known = tracepointFields(`${category}/${name}`).map((field) =>
      fieldValue(program, field)
    );
    return { kind: "fields", what, fields: new Map(known) };
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    const action = `compile program "${program.source.name}" for ${what}`;
    const reason = explainTracepoint(category, name, error.errno);
    throw new BpfError("load", action, error.errno, reason, { cause: error });
  }
}

/** A field in the format file. */
function fieldValue(program: Program, field: TracepointField): [name: string, value: Value] {
  const { type, name, offset, size, signed } = field;
  const [, plain, count] = /^(.*?)(?:\[(\w*)\])?$/.exec(name)!;
  const dynamic = /^__(data|rel)_loc\b/.exec(type)?.[1];
  if (dynamic) {
    const start = dynamic === "rel" ? offset + size : 0;
    return [plain!, dynamicText(program, offset, start)];
  }
  if (count !== undefined) {
    if (/^(?:const )?char$/.test(type)) {
      return [plain!, at(program, offset, { kind: "text", size })];
    }
    // A length may be a constant's name; then it follows from the size.
    const element = elementType(type, signed);
    return [
      plain!,
      at(program, offset, { kind: "array", element, length: 8 * size / element.bits }),
    ];
  }
  if (type === "bool") return [plain!, at(program, offset, BOOL)];
  if (size === 1 || size === 2 || size === 4 || size === 8) {
    const int: Int = { kind: "int", bits: 8 * size as Int["bits"], signed };
    return [plain!, at(program, offset, int)];
  }
  const byte: Int = { kind: "int", bits: 8, signed: false };
  return [plain!, at(program, offset, { kind: "array", element: byte, length: size })];
}

/** The elements of an array, by their C type; bytes if that is unknown. */
function elementType(type: string, signed: boolean): Int {
  const bits = /\b(?:long|[us]64|uint64_t)\b/.test(type)
    ? 64
    : /\b(?:int|unsigned|[us]32|uint32_t|pid_t|[ug]id_t)\b/.test(type)
    ? 32
    : /\b(?:short|[us]16|uint16_t)\b/.test(type)
    ? 16
    : 8;
  return { kind: "int", bits, signed: bits > 8 && signed };
}

/** A dynamic string: its field has offset and length, 16 bits each. */
function dynamicText(program: Program, offset: number, start: number): Value {
  return {
    kind: "made",
    type: { kind: "text", size: 64 },
    padded: false,
    flexible: true,
    make: (base, to, size) => {
      const { builder, context } = program;
      const place = builder.alu("and", builder.load(context, offset, 4), 0xffffn);
      const address = builder.alu("add", builder.alu("add", context, BigInt(start)), place);
      const destination = target(program, base, to);
      builder.call(Helper.PROBE_READ_KERNEL_STR, destination, BigInt(size), address);
    },
  };
}
