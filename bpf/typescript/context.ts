/**
 * What a program's first parameter is, by its hook.
 *
 * @module
 */

import { explainTracepoint } from "../attach/tracepoint.ts";
import { BpfError, ErrnoError } from "../base/errors.ts";
import { type TracepointField, tracepointFields } from "../tracefs/kernel_functions.ts";
import type { Hook } from "./language/hooks.ts";
import { Helper } from "./lower/helpers.ts";
import { target } from "./lower/memory.ts";
import type { Program } from "./lower/program.ts";
import type { InMemory, Value } from "./lower/values.ts";
import { BOOL, I64, type Int, type Type, U64 } from "./language/types.ts";

/** The first parameter. */
export function contextOf(program: Program): Value {
  const { hook } = program;
  switch (hook.kind) {
    case "tracepoint":
      return tracepointContext(program, hook.category, hook.name);
    case "rawTracepoint":
      return fields(`raw tracepoint ${hook.name}`, {
        args: elements(program, "the arguments", Array.from({ length: 12 }, (_, i) => 8 * i)),
      });
    case "uretprobe":
      return { ...word(program, registerOffsets().result), type: I64 };
    case "uprobe": {
      const { args, ip, sp } = registerOffsets();
      return fields("the probe", {
        args: elements(program, "the arguments", args),
        ip: word(program, ip),
        sp: word(program, sp),
      });
    }
    case "perfEvent": {
      const { ip, size } = registerOffsets();
      return fields("the sample", { ip: word(program, ip), period: word(program, size) });
    }
    default:
      throw new TypeError(`Cannot compile for ${(hook as Hook).kind} yet`);
  }
}

function fields(what: string, values: Record<string, Value>): Value {
  return { kind: "fields", what, fields: new Map(Object.entries(values)) };
}

function elements(program: Program, what: string, offsets: readonly number[]): Value {
  return { kind: "elements", what, elements: offsets.map((offset) => word(program, offset)) };
}

/** Eight bytes of the context. */
function word(program: Program, offset: number): InMemory {
  return at(program, offset, U64);
}

function at(program: Program, offset: number, type: Type): InMemory {
  const readOnly = "what a program is given can only be read";
  return { kind: "memory", base: program.context, offset, type, access: "direct", readOnly };
}

/** Where struct pt_regs has what a probe reads (arch/*\/include/uapi/asm/ptrace.h). */
function registerOffsets() {
  if (process.arch === "arm64") {
    const args = Array.from({ length: 8 }, (_, i) => 8 * i);
    return { args, result: 0, ip: 256, sp: 248, size: 272 };
  }
  // rdi, rsi, rdx, rcx, r8, r9; rax; rip; rsp
  return { args: [112, 104, 96, 88, 72, 64], result: 80, ip: 128, sp: 152, size: 168 };
}

function tracepointContext(program: Program, category: string, name: string): Value {
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

/** A field as the format file describes it. */
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
    // A length may be told by a constant's name: the size tells it too.
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

/** The elements of an array, by their C type; bytes where it does not tell. */
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

/** A text behind the fields: its field tells where and how long, in 16 bits each. */
function dynamicText(program: Program, offset: number, start: number): Value {
  return {
    kind: "made",
    type: { kind: "text", size: 64 },
    padded: false,
    make: (base, to, size) => {
      const { builder, context } = program;
      const place = builder.alu("and", builder.load(context, offset, 4), 0xffffn);
      const address = builder.alu("add", builder.alu("add", context, BigInt(start)), place);
      const destination = target(program, base, to);
      builder.call(Helper.PROBE_READ_KERNEL_STR, destination, BigInt(size), address);
    },
  };
}
