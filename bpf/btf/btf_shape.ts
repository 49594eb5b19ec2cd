/**
 * Converts BTF types to the C types that codecs are made of and checked against.
 *
 * @module
 */

import type { CompositeType, CType } from "../../ffi/codec/codec.ts";
import type { Btf } from "./btf.ts";
import { BtfKind, MODIFIERS } from "./btf_format.ts";

/** The shape of a type, typedefs and qualifiers resolved; undefined for functions and void. */
export function shapeOf(btf: Btf, id: number): CType | undefined {
  const bigEndian = isBigEndian(btf, id);
  id = btf.resolve(id);
  const name = btf.name(id);
  const size = btf.size(id);
  switch (btf.kind(id)) {
    case BtfKind.INT: {
      if (size > 8) return bytesOf(size);
      const signed = btf.encoding(id).isSigned;
      const bytes = size as 1 | 2 | 4 | 8;
      if (bigEndian) {
        return { kind: "int", bytes, signed, name: `__be${8 * bytes}`, bigEndian };
      }
      return { kind: "int", bytes, signed, name };
    }
    case BtfKind.FLOAT:
      return size === 4 || size === 8 ? { kind: "float", bytes: size, name } : bytesOf(size);
    case BtfKind.PTR:
      return { kind: "pointer", name: "void *" };
    case BtfKind.ARRAY: {
      const element = shapeOf(btf, btf.target(id));
      return element && { kind: "array", element, length: btf.arrayLength(id) };
    }
    case BtfKind.STRUCT:
    case BtfKind.UNION:
      return composite(btf, id, name, size);
    case BtfKind.ENUM:
    case BtfKind.ENUM64: {
      const values = Object.fromEntries(
        btf.enumerators(id).map(({ name, value }) => [name, value]),
      );
      const bytes = size as 1 | 2 | 4 | 8;
      return { kind: "enum", name, bytes, signed: btf.isSignedEnum(id), values };
    }
    default:
      return undefined;
  }
}

/** Whether one of its typedefs says network byte order: `__be16`. */
export function isBigEndian(btf: Btf, id: number): boolean {
  for (; MODIFIERS.has(btf.kind(id)); id = btf.target(id)) {
    if (/^__be(?:16|32|64)$/.test(btf.name(id))) return true;
  }
  return false;
}

function composite(btf: Btf, id: number, name: string, size: number): CompositeType {
  const members = btf.members(id).flatMap(({ name, type: typeId, bitOffset, bitSize }) => {
    const type = shapeOf(btf, typeId);
    if (!type) return [];
    return [{ name, type, bitOffset, ...bitSize > 0 ? { bitSize } : {} }];
  });
  const kind = btf.kind(id) === BtfKind.UNION ? "union" : "struct";
  return { kind, name, bytes: size, packed: false, members };
}

/** Types that no codec can represent as a number: `__int128`, `long double`. */
function bytesOf(length: number): CType {
  const element: CType = { kind: "int", bytes: 1, signed: false, name: "__u8" };
  return { kind: "array", element, length };
}
