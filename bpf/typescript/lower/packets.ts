/**
 * Reads packets. Bytes beyond a packet's end are undefined: the bounds checks that the verifier
 * requires are generated here.
 *
 * @module
 */

import type { Operand, Reg, Width } from "../code/ir.ts";
import type { Call } from "../language/syntax.ts";
import { type Int, U32, U64 } from "../language/types.ts";
import { requireInt } from "./arithmetic.ts";
import { lower } from "./expressions.ts";
import { Helper } from "./helpers.ts";
import { asLoaded } from "./loaded.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import type { Value } from "./values.ts";

/** Offsets in struct xdp_md and struct __sk_buff (include/uapi/linux/bpf.h). */
const XDP = { data: 0, end: 4, interface: 12 } as const;
const SKB = { length: 0, interface: 40 } as const;

const WIDTHS: Readonly<Record<string, Width>> = { u8: 1, u16: 2, u32: 4, u64: 8 };

/**
 * The largest packet offset that the verifier tracks for XDP (MAX_PACKET_OFF, minus the size of the
 * read).
 */
const MAX_XDP_OFFSET = 0x7fffn;
/** The largest offset that bpf_skb_load_bytes() takes. */
const MAX_SKB_OFFSET = 0x7fff_ffffn;

/** A field or method of a packet; undefined when there is none of that name. */
export function packetField(program: Program, packet: Value, name: string): Value | undefined {
  if (name in WIDTHS) return { kind: "method", object: packet, name };
  const { builder, context, hook } = program;
  const isXdp = hook.kind === "xdp";
  if (name === "interface") {
    const offset = isXdp ? XDP.interface : SKB.interface;
    return { kind: "memory", base: context, offset, type: U32, access: "direct", readOnly };
  }
  if (name !== "length") return undefined;
  if (!isXdp) {
    const place = { kind: "memory", base: context, offset: SKB.length } as const;
    return { ...place, type: U32, access: "direct", readOnly };
  }
  const [start, end] = [builder.load(context, XDP.data, 4), builder.load(context, XDP.end, 4)];
  const length = builder.alu("sub", end, start) as Reg;
  return { kind: "register", reg: length, type: U64 };
}

const readOnly = "packets can only be read";
/** The names of a packet's fields and methods. */
export const PACKET_FIELDS = ["length", "interface", ...Object.keys(WIDTHS)] as const;

/** `packet.u16(12)` */
export function packetMethod(program: Program, node: Call, name: string, scope: Scope): Value {
  const { builder } = program;
  const [argument, more] = node.arguments;
  if (!argument || more) throw program.error(node, `${name}() takes one value, the offset`);
  const value = asLoaded(program, argument, lower(program, argument, scope));
  const offset = requireInt(program, argument, value, "()").operand;
  builder.keep();
  builder.line = program.source.line(node.start);
  const width = WIDTHS[name]!;
  const end = builder.block();
  const [there, result] = [builder.register(), builder.register()];
  builder.move(there, 0n);
  builder.move(result, 0n);
  const read = program.hook.kind === "xdp" ? readXdp : readSkb;
  const raw = read(program, offset, width, end);
  const ordered = width === 1 ? raw : builder.swap(raw, 8 * width as 16 | 32 | 64);
  builder.move(result, ordered);
  builder.move(there, 1n);
  builder.enter(end);
  const type: Int = { kind: "int", bits: 8 * width as Int["bits"], signed: false };
  return { kind: "optional", pointer: there, value: result, type, access: "direct" };
}

type Missing = ReturnType<Program["builder"]["block"]>;

/** Branches to `missing` if the offset is out of range, else returns it in a register. */
function checkOffset(program: Program, offset: Operand, most: bigint, missing: Missing): Reg {
  const { builder } = program;
  const at = builder.copy(offset);
  builder.keep();
  if (typeof offset === "bigint" && BigInt.asUintN(64, offset) <= most) return at;
  const possible = builder.block();
  builder.branch("le", at, most, possible, missing);
  builder.enter(possible);
  return at;
}

function readXdp(program: Program, offset: Operand, width: Width, missing: Missing): Reg {
  const { builder, context } = program;
  const at = checkOffset(program, offset, MAX_XDP_OFFSET, missing);
  // The mask changes nothing, but shows the bound to the verifier wherever the value came from.
  const known = typeof offset === "bigint" ? offset : builder.alu("and", at, MAX_XDP_OFFSET);
  builder.keep();
  const [data, end] = [builder.load(context, XDP.data, 4), builder.load(context, XDP.end, 4)];
  const start = builder.copy(builder.alu("add", data, known));
  const past = builder.alu("add", start, BigInt(width)) as Reg;
  builder.keep();
  const inside = builder.block();
  builder.branch("le", past, end, inside, missing);
  builder.enter(inside);
  return builder.load(start, 0, width);
}

function readSkb(program: Program, offset: Operand, width: Width, missing: Missing): Reg {
  const { builder, context } = program;
  const at = checkOffset(program, offset, MAX_SKB_OFFSET, missing);
  return builder.withSlot(8, (slot) => {
    const to = { ...slot, offset: 0 };
    const failed = builder.call(Helper.SKB_LOAD_BYTES, context, at, to, BigInt(width));
    builder.keep();
    const inside = builder.block();
    builder.branch("eq", failed, 0n, inside, missing);
    builder.enter(inside);
    return builder.load(slot, 0, width);
  });
}
