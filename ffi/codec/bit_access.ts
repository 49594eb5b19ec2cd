import type { Codec, CType } from "./codec.ts";
import { LITTLE_ENDIAN } from "./endian.ts";
import { outOfRange } from "./validate.ts";

/** The reading and writing half of a codec. */
export type Access<T> = Pick<Codec<T>, "read" | "write">;

// A bit-field's bits are widened to its whole type here, so that the type's own codec reads and
// writes them: enums and booleans work like integers.
const scratch = new DataView(new ArrayBuffer(8));

/**
 * Reads and writes the `width` bits that start `shift` (0 to 7) bits into a byte.
 *
 * Touches only the bytes that hold the bits.
 */
export function bitAccess<T>(codec: Codec<T>, shift: number, width: number): Access<T> {
  const span = Math.ceil((shift + width) / 8);
  const signed = "signed" in codec.type && codec.type.signed;
  const read = span <= 4
    ? narrowReader(codec, shift, width, span, signed)
    : wideReader(codec, shift, width, span, signed);
  const mask = (1n << BigInt(width)) - 1n;
  return Object.freeze({
    read,
    write(view: DataView, offset: number, value: T) {
      const raw = fit(codec, width, signed, value) << BigInt(shift);
      const keep = ~(mask << BigInt(shift));
      for (let i = 0; i < span; i++) {
        const kept = view.getUint8(offset + i) & Number(BigInt.asUintN(8, keep >> BigInt(8 * i)));
        view.setUint8(offset + i, kept | Number(BigInt.asUintN(8, raw >> BigInt(8 * i))));
      }
    },
  });
}

function narrowReader<T>(
  codec: Codec<T>,
  shift: number,
  width: number,
  span: number,
  signed: boolean,
): Access<T>["read"] {
  const unused = 32 - width;
  return (view, offset) => {
    let raw = 0;
    for (let i = 0; i < span; i++) raw |= view.getUint8(offset + i) << 8 * i;
    raw = raw >>> shift << unused;
    raw = signed ? raw >> unused : raw >>> unused;
    scratch.setInt32(0, raw, LITTLE_ENDIAN);
    scratch.setInt32(4, signed ? raw >> 31 : 0, LITTLE_ENDIAN);
    return codec.read(scratch, 0);
  };
}

function wideReader<T>(
  codec: Codec<T>,
  shift: number,
  width: number,
  span: number,
  signed: boolean,
): Access<T>["read"] {
  const extend = signed ? BigInt.asIntN : BigInt.asUintN;
  return (view, offset) => {
    let raw = 0n;
    for (let i = 0; i < span; i++) raw |= BigInt(view.getUint8(offset + i)) << BigInt(8 * i);
    scratch.setBigInt64(0, extend(width, raw >> BigInt(shift)), LITTLE_ENDIAN);
    return codec.read(scratch, 0);
  };
}

/** The value as `width` bits, or a RangeError if it needs more. */
function fit<T>(codec: Codec<T>, width: number, signed: boolean, value: T): bigint {
  scratch.setBigUint64(0, 0n, LITTLE_ENDIAN);
  codec.write(scratch, 0, value);
  const whole = scratch.getBigUint64(0, LITTLE_ENDIAN);
  const bits = codec.size * 8;
  const extended = signed
    ? BigInt.asUintN(bits, BigInt.asIntN(width, whole))
    : BigInt.asUintN(width, whole);
  if (extended !== whole) {
    const min = signed ? -(2n ** BigInt(width - 1)) : 0n;
    const max = 2n ** BigInt(signed ? width - 1 : width) - 1n;
    throw outOfRange(value, `${typeName(codec.type)}:${width}`, `${min} to ${max}`);
  }
  return BigInt.asUintN(width, whole);
}

function typeName(type: CType): string {
  return type.kind === "enum" ? `enum ${type.name}` : "name" in type ? type.name : type.kind;
}
