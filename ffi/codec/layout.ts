import type { Codec, CompositeType, Member } from "./codec.ts";
import { isFlexible } from "./array.ts";
import { type Access, bitAccess } from "./bit_access.ts";
import { checkAlignment, type Field } from "./bits.ts";
import { checkIdentifier } from "./c_identifier.ts";

/** The fields of a struct or union by name, in C's order. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The attributes of a struct or union. */
export interface LayoutOptions {
  /** `__attribute__((packed))`: members at the next free byte, bit-fields at the next free bit. */
  readonly packed?: boolean;
  /** `__attribute__((aligned(n)))`: the least alignment, in bytes, a power of two. */
  readonly align?: number;
}

/** A named member as reading and writing need it. */
export interface Slot {
  readonly name: string;
  /** Bytes from the start of the struct; of a bit-field, of its first byte. */
  readonly offset: number;
  readonly access: Access<unknown>;
}

/** A composite type with its alignment and the access to its members. */
export interface Layout {
  readonly type: CompositeType;
  readonly align: number;
  readonly slots: readonly Slot[];
}

/** Places fields as C does on x86-64 and BPF (and, but for unnamed bit-fields, arm64). */
export function layOut(
  kind: "struct" | "union",
  name: string,
  fields: Fields,
  options: LayoutOptions,
): Layout {
  if (name !== "") checkIdentifier(name, kind);
  if (options.align !== undefined) checkAlignment(options.align);
  const packed = options.packed ?? false;
  const names = checkFields(kind, name, fields);
  const members: Member[] = [];
  const slots: Slot[] = [];
  let align = options.align ?? 1;
  let end = 0;
  let cursor = 0;
  for (const field of names) {
    const { codec, bitSize, own, unnamed } = describe(fields[field]!);
    // In a packed struct a member's own attribute is all that is left of its alignment.
    const fieldAlign = Math.max(packed ? 1 : codec.align, own ?? 1);
    const bitOffset = place(cursor, codec, fieldAlign, bitSize, packed);
    const bits = bitSize ?? codec.size * 8;
    if (kind === "struct") cursor = bitOffset + bits;
    end = Math.max(end, bitOffset + bits);
    members.push(Object.freeze({
      name: unnamed ? "" : field,
      type: codec.type,
      bitOffset,
      ...(bitSize === undefined ? {} : { bitSize }),
      ...(own === undefined ? {} : { align: own }),
    }));
    if (unnamed) continue;
    align = Math.max(align, fieldAlign);
    const access = bitSize === undefined ? codec : bitAccess(codec, bitOffset % 8, bitSize);
    slots.push(Object.freeze({ name: field, offset: Math.floor(bitOffset / 8), access }));
  }
  const type = Object.freeze({
    kind,
    name,
    bytes: roundUp(Math.ceil(end / 8), align),
    packed,
    ...(options.align === undefined ? {} : { align: options.align }),
    members: Object.freeze(members),
  });
  return { type, align, slots };
}

interface Described {
  readonly codec: Codec<unknown>;
  readonly bitSize: number | undefined;
  readonly own: number | undefined;
  readonly unnamed: boolean;
}

function describe(field: Field<unknown>): Described {
  if (!("kind" in field)) {
    return { codec: field, bitSize: undefined, own: undefined, unnamed: false };
  }
  return {
    codec: field.codec,
    bitSize: field.kind === "aligned" ? undefined : field.width,
    own: field.kind === "aligned" ? field.align : undefined,
    unnamed: field.kind === "padding",
  };
}

/** The bit at which a member starts, given the first free bit. */
function place(
  cursor: number,
  codec: Codec<unknown>,
  fieldAlign: number,
  bitSize: number | undefined,
  packed: boolean,
): number {
  if (bitSize === undefined) return roundUp(cursor, fieldAlign * 8);
  const unit = codec.size * 8;
  if (bitSize === 0) return roundUp(cursor, unit);
  const straddles = cursor % unit + bitSize > unit;
  return straddles && !packed ? roundUp(cursor, unit) : cursor;
}

function checkFields(kind: "struct" | "union", name: string, fields: Fields): string[] {
  const target = name === "" ? kind : `${kind} ${name}`;
  const names = Object.keys(fields);
  for (const [i, field] of names.entries()) {
    checkIdentifier(field, "field");
    const { codec, unnamed } = describe(fields[field]!);
    const last = kind === "struct" && i === names.length - 1;
    if (isFlexible(codec.type) && !(last && i > 0)) {
      throw new RangeError(
        `Cannot place flexible field "${field}" in ${target}: expected it last, behind another`,
      );
    }
    if (unnamed && kind === "union") {
      throw new RangeError(`Cannot place "${field}" in ${target}: a union has no padding`);
    }
  }
  if (names.every((field) => describe(fields[field]!).unnamed)) {
    throw new RangeError(`Cannot make ${target}: expected at least one field`);
  }
  return names;
}

function roundUp(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple;
}
