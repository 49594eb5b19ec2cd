import type { Codec, Member } from "./codec.ts";
import { isFlexible } from "./array.ts";
import type { AlignedField, BitField, Padding } from "./bits.ts";
import { type Fields, layOut, type LayoutOptions } from "./layout.ts";
import { withCode } from "./read_code.ts";
import { structCode } from "./struct_code.ts";
import { recordReader } from "./struct_reader.ts";
import { recordView } from "./struct_view.ts";
import { wrongType } from "./validate.ts";
import { toC } from "./to_c.ts";

/** What one field reads. */
export type FieldValue<F> = F extends Codec<infer T> ? T
  : F extends BitField<infer T> | AlignedField<infer T> ? T
  : never;

/**
 * What a struct of these fields reads: a plain object with every named field.
 *
 * The intersection makes editors and errors show that object, not this alias.
 */
export type FieldValues<F> =
  & { -readonly [K in keyof F as F[K] extends Padding ? never : K]: FieldValue<F[K]> }
  & unknown;

/** A struct's codec. */
export interface StructCodec<T> extends Codec<T> {
  /** The tag; empty for an anonymous struct. */
  readonly name: string;
  /**
   * `offsetof`, in bytes.
   *
   * @throws RangeError for a bit-field, which has none, and for a name that is no field.
   */
  offsetOf(field: keyof T & string): number;
  /**
   * The same struct with fields that are read on access: the fastest way to look at one or two fields of
   * many events.
   *
   * Every read returns the same object, whose fields are read from memory at each access. It is valid
   * until the next read, and for events only inside the function that `drain` calls; `{ ...view }` is a
   * plain object that lasts.
   */
  readonly asView: Codec<Readonly<T>>;
  /** The C definition, behind those of the structs, unions and enums that it uses. */
  toC(): string;
}

/**
 * A C struct with its fields in this order and at C's offsets.
 *
 * A nested struct is a field like any other; with an empty name it is an anonymous one. Reading
 * needs all of the struct's bytes, up to the flexible member if it ends in one, and is a RangeError
 * otherwise. Writing sets every byte, padding to 0, and takes a value for every field.
 *
 * @param name The tag; empty for an anonymous struct.
 *
 * @example
 * ```ts
 * import { chars } from "./chars.ts";
 * import { struct } from "./struct.ts";
 *
 * const Key = struct("key_t", { c: chars(80) });
 * if (Key.toC() !== "struct key_t {\n  char c[80];\n};") throw new Error("unexpected text");
 * ```
 */
export function struct<const F extends Fields>(
  name: string,
  fields: F,
  options: LayoutOptions = {},
): StructCodec<FieldValues<F>> {
  const { type, align, slots } = layOut("struct", name, fields, options);
  const target = name === "" ? "struct" : `struct ${name}`;
  const size = type.bytes;
  const last = type.members.at(-1)!;
  // A record may end inside the padding in which the flexible member starts.
  const least = isFlexible(last.type) ? last.bitOffset / 8 : size;
  const readAll = recordReader(slots);
  const refuse = (offset: number, end: number): never => {
    const found = Math.max(end - offset, 0);
    throw new RangeError(`Cannot read ${target}: expected ${least} bytes, found ${found}`);
  };
  const codec: Codec<Record<string, unknown>> = {
    size,
    align,
    type,
    read(view, offset, end = view.byteLength) {
      if (offset + least > end) refuse(offset, end);
      return readAll(view, offset, end);
    },
    write(view, offset, value) {
      if (typeof value !== "object" || value === null) {
        throw wrongType(value, target, "an object");
      }
      for (let i = 0; i < size; i++) view.setUint8(offset + i, 0);
      for (const slot of slots) {
        if (value[slot.name] === undefined) {
          throw new TypeError(`Cannot write ${target}: field "${slot.name}" is missing`);
        }
        slot.access.write(view, offset + slot.offset, value[slot.name]);
      }
    },
  };
  const whole = Object.freeze({
    ...codec,
    name,
    offsetOf: (field: string) => offsetOf(target, type.members, field),
    asView: recordView(codec, slots, { least, refuse }),
    toC: () => toC(codec),
  });
  const code = isFlexible(type) ? undefined : structCode(slots);
  return (code ? withCode(whole, code) : whole) as unknown as StructCodec<FieldValues<F>>;
}

function offsetOf(target: string, members: readonly Member[], field: string): number {
  const member = members.find(({ name }) => name !== "" && name === field);
  if (!member) throw new RangeError(`Cannot find field "${field}" in ${target}`);
  if (member.bitSize !== undefined) {
    throw new RangeError(`Cannot take the offset of "${field}" in ${target}: it is a bit-field`);
  }
  return member.bitOffset / 8;
}
