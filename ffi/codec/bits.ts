/**
 * Fields that are more than a codec: bit-fields, unnamed bit-fields, members with an alignment.
 *
 * @module
 */

import type { Codec } from "./codec.ts";

/** A bit-field; made by `bits()`. */
export interface BitField<T> {
  /** Tells it from other fields. */
  readonly kind: "bits";
  /** The type of which it takes some bits. */
  readonly codec: Codec<T>;
  /** Width in bits. */
  readonly width: number;
}

/** An unnamed bit-field: takes room and has no value; made by `padding()`. */
export interface Padding {
  /** Tells it from other fields. */
  readonly kind: "padding";
  /** The type whose storage units it takes bits of. */
  readonly codec: Codec<unknown>;
  /** Width in bits; 0 ends the storage unit. */
  readonly width: number;
}

/** A member with a larger alignment than its type's; made by `aligned()`. */
export interface AlignedField<T> {
  /** Tells it from other fields. */
  readonly kind: "aligned";
  /** The member's type. */
  readonly codec: Codec<T>;
  /** Alignment in bytes. */
  readonly align: number;
}

/** What a struct's or union's field can be. */
export type Field<T> = Codec<T> | BitField<T> | AlignedField<T> | Padding;

/**
 * A bit-field `type name : width` in a struct or union.
 *
 * Placed as gcc and clang place it on x86-64, arm64 and BPF: it starts at the next free bit, unless
 * it would reach over the end of a unit of its type; in a packed struct it may. `bits(type, 0)` is
 * C's `type : 0`, the same as `padding(type, 0)`. The type is an integer, `bool` or an enum.
 */
export function bits(codec: Codec<unknown>, width: 0): Padding;
/** A bit-field of at least one bit. */
export function bits<T>(codec: Codec<T>, width: number): BitField<T>;
export function bits<T>(codec: Codec<T>, width: number): BitField<T> | Padding {
  if (width === 0) return padding(codec, 0);
  checkWidth(codec, width);
  return Object.freeze({ kind: "bits", codec, width });
}

/**
 * An unnamed bit-field `type : width`: the field's name is only a key, and its value is not read.
 *
 * Width 0 makes the next bit-field start a new unit of the type. An unnamed bit-field's type does not
 * align the struct on x86-64 and BPF, which is the layout here; on arm64 it does.
 */
export function padding(codec: Codec<unknown>, width: number): Padding {
  checkWidth(codec, width);
  return Object.freeze({ kind: "padding", codec, width });
}

/** A member with `__attribute__((aligned(align)))`: at least, or in a packed struct exactly, that. */
export function aligned<T>(codec: Codec<T>, align: number): AlignedField<T> {
  checkAlignment(align);
  return Object.freeze({ kind: "aligned", codec, align });
}

/** Refuses what the `aligned` attribute does not take. */
export function checkAlignment(align: number): void {
  // The limit is ELF's: gcc takes up to 2^28.
  if (!Number.isInteger(align) || align < 1 || align > 2 ** 28 || (align & (align - 1)) !== 0) {
    throw new RangeError(`Cannot align to ${align} bytes: expected a power of two`);
  }
}

function checkWidth({ type, size }: Codec<unknown>, width: number): void {
  if ((type.kind !== "int" && type.kind !== "enum") || ("bigEndian" in type && type.bigEndian)) {
    throw new TypeError("Cannot make a bit-field of this type: expected an integer, bool or enum");
  }
  const most = type.name === "_Bool" ? 1 : size * 8;
  if (!Number.isInteger(width) || width < 0 || width > most) {
    throw new RangeError(`Cannot make a bit-field of ${width} bits: expected 0 to ${most}`);
  }
}
