import type { Codec } from "./codec.ts";
import { type Fields, layOut, type LayoutOptions, type Slot } from "./layout.ts";
import { recordReader } from "./struct_reader.ts";
import { wrongType } from "./validate.ts";
import type { FieldValues } from "./struct.ts";
import { toC } from "./to_c.ts";

/** An object with exactly one of `T`'s members. */
export type OneMember<T> = { [K in keyof T]: { [P in K]: T[K] } }[keyof T];

/** A union's codec. */
export interface UnionCodec<T> extends Codec<T> {
  /** The tag; empty for an anonymous union. */
  readonly name: string;
  /** Makes a whole value from one member: what the other members read from its bytes. */
  of(member: OneMember<T>): T;
  /** Writes one member; the rest of the union becomes zero. */
  write(view: DataView, offset: number, value: OneMember<T>): void;
  // Last, so that inference from a `Codec<T>` sees the whole value.
  /** Writes all members that are given. */
  write(view: DataView, offset: number, value: T): void;
  /** The C definition, behind those of the structs, unions and enums that it uses. */
  toC(): string;
}

/**
 * A C union: every member starts at the same byte.
 *
 * Reading gives an object with every member, each read from the same bytes. Writing takes an object
 * with one member, and sets the bytes behind it to 0; or a whole value, such as one that was read,
 * whose members must agree. In a struct's value, `of()` makes a whole value from one member.
 *
 * @param name The tag; empty for an anonymous union.
 *
 * @example
 * ```ts
 * import { ipv4, ipv6 } from "./ip_address.ts";
 * import { union } from "./union.ts";
 *
 * const Address = union("address", { v4: ipv4, v6: ipv6 });
 * const { v6 } = Address.of({ v4: "127.0.0.1" });
 * if (v6 !== "7f00:1::") throw new Error("unexpected address");
 * ```
 */
export function union<const F extends Fields>(
  name: string,
  fields: F,
  options: LayoutOptions = {},
): UnionCodec<FieldValues<F>> {
  const { type, align, slots } = layOut("union", name, fields, options);
  const target = name === "" ? "union" : `union ${name}`;
  const size = type.bytes;
  const readAll = recordReader(slots);
  const codec: Codec<Record<string, unknown>> & { of(member: unknown): unknown } = {
    size,
    align,
    type,
    read(view, offset) {
      if (offset + size > view.byteLength) {
        const found = Math.max(view.byteLength - offset, 0);
        throw new RangeError(`Cannot read ${target}: expected ${size} bytes, found ${found}`);
      }
      return readAll(view, offset);
    },
    write(view, offset, value) {
      const merged = merge(target, size, slots, value);
      for (let i = 0; i < size; i++) view.setUint8(offset + i, merged.getUint8(i));
    },
    of: (member) => readAll(merge(target, size, slots, member), 0),
  };
  const whole: unknown = Object.freeze({ ...codec, name, toC: () => toC(codec) });
  return whole as UnionCodec<FieldValues<F>>;
}

/** The bytes that all given members together ask for. */
function merge(target: string, size: number, slots: readonly Slot[], value: unknown): DataView {
  if (typeof value !== "object" || value === null) throw wrongType(value, target, "an object");
  const members = value as Record<string, unknown>;
  const given = slots.filter(({ name }) => members[name] !== undefined);
  if (given.length === 0) {
    const names = slots.map(({ name }) => name).join(", ");
    throw new TypeError(`Cannot write ${target}: expected one of ${names}`);
  }
  const merged = new DataView(new ArrayBuffer(size));
  for (const slot of given) {
    const bytes = encode(slot, size, members[slot.name]);
    for (let i = 0; i < size; i++) merged.setUint8(i, merged.getUint8(i) | bytes.getUint8(i));
  }
  if (given.length === 1) return merged;
  // Members that disagree about a bit have it set in the merged bytes: one of them sees it change.
  for (const slot of given) {
    const before = encode(slot, size, members[slot.name]);
    const after = encode(slot, size, slot.access.read(merged, slot.offset));
    for (let i = 0; i < size; i++) {
      if (before.getUint8(i) === after.getUint8(i)) continue;
      const names = given.map(({ name }) => name).join(", ");
      throw new TypeError(`Cannot write ${target}: ${names} disagree, expected one of them`);
    }
  }
  return merged;
}

function encode(slot: Slot, size: number, value: unknown): DataView {
  const bytes = new DataView(new ArrayBuffer(size));
  slot.access.write(bytes, slot.offset, value);
  return bytes;
}
