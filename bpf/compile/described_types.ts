/**
 * Types as libbcc describes them: the JSON of a table's key and leaf, and the fields of an event.
 *
 * In the JSON, a scalar is its C name; a struct is `[name, fields, kind]`; a field is `[name,
 * type]`, followed by array dimensions or a bit-field's width; an anonymous member is a struct in
 * place of a field. Pointers appear as `unsigned long long`. Kind "struct_packed" means that
 * padding is listed as fields. Alignment attributes and the inner dimensions of arrays are missing:
 * the module's BTF is preferred where there is one; elsewhere sizes are checked.
 *
 * @module
 */

import type { CompositeType, CType, Member } from "../../ffi/codec/codec.ts";
import { sizeOf } from "../../ffi/codec/check_layout.ts";

type Json = string | number | readonly Json[];

const SCALARS: Record<string, readonly [bytes: 1 | 2 | 4 | 8, signed: boolean]> = {
  "_Bool": [1, false],
  "bool": [1, false],
  "char": [1, true],
  "signed char": [1, true],
  "unsigned char": [1, false],
  "short": [2, true],
  "unsigned short": [2, false],
  "int": [4, true],
  "unsigned int": [4, false],
  "long": [8, true],
  "unsigned long": [8, false],
  "long long": [8, true],
  "unsigned long long": [8, false],
};

/** The shape of a described type; undefined when the description is not understood. */
export function typeOfDescription(description: string): CType | undefined {
  if (description === "") return undefined;
  try {
    return typeOf(JSON.parse(description));
  } catch (error) {
    // A type that this library does not know: then the user's codec is checked by size only.
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Resolves a named type: `u32`, `struct in6_addr`. */
export type FindType = (name: string) => CType | undefined;

/**
 * The shape of an event from its fields, "name#type" with the type as C spells it. Undefined when
 * there are none or one cannot be parsed.
 */
export function typeOfFields(
  name: string,
  fields: readonly string[],
  find: FindType,
): CType | undefined {
  if (fields.length === 0) return undefined;
  const unplaced: UnplacedMember[] = [];
  for (const field of fields) {
    const [member, text] = field.split("#");
    const type = typeOfSpelling(text!, find);
    if (!type) return undefined;
    unplaced.push({ name: member!, type });
  }
  return layOut("struct", name, false, unplaced);
}

/** The type that a C spelling stands for: `char[16]`, `const u32` or `struct sock *`. */
function typeOfSpelling(text: string, find: FindType): CType | undefined {
  const [, element, dimensions] = /^(.*?)\s*((?:\[\d+\])+)$/.exec(text) ?? [];
  if (element !== undefined) {
    const type = typeOfSpelling(element, find);
    const lengths = dimensions!.match(/\d+/g)!.map(Number);
    return type && lengths.reduceRight<CType>(array, type);
  }
  const name = text.replace(/\b(?:const|volatile)\b/g, "").trim();
  if (name.endsWith("*")) return { kind: "pointer", name: "void *" };
  const known = SCALARS[name];
  return known ? { kind: "int", bytes: known[0], signed: known[1], name } : find(name);
}

function typeOf(json: Json): CType {
  if (typeof json === "string") return scalar(json);
  if (typeof json === "number") throw new TypeError("Cannot read a type: found a number");
  return composite(json);
}

function scalar(name: string): CType {
  const known = SCALARS[name];
  if (known) return { kind: "int", bytes: known[0], signed: known[1], name };
  if (name === "float" || name === "double") {
    return { kind: "float", bytes: name === "float" ? 4 : 8, name };
  }
  if (/__int128/.test(name)) return array(scalar("unsigned char"), 16);
  throw new TypeError(`Cannot read a type: "${name}" is not known`);
}

const array = (element: CType, length: number): CType => ({ kind: "array", element, length });

/** A type's natural alignment, as C lays out structs. */
function alignOf(type: CType): number {
  switch (type.kind) {
    case "array":
      return alignOf(type.element);
    case "struct":
    case "union":
      return type.packed ? 1 : Math.max(1, ...type.members.map((member) => alignOf(member.type)));
    default:
      return sizeOf(type);
  }
}

function composite(json: readonly Json[]): CompositeType {
  const [name, fields, kind] = json as [string, readonly Json[], string];
  const unplaced = fields.map((field) => member(field as readonly Json[]));
  return layOut(kind === "union" ? "union" : "struct", name, kind === "struct_packed", unplaced);
}

/** libbcc's name for padding members. */
const PADDING = /^__pad_(?:\d+|end)$/;

/** Lays out members one after the other; `padded` says that padding is listed explicitly. */
function layOut(
  kind: "struct" | "union",
  name: string,
  padded: boolean,
  unplaced: readonly UnplacedMember[],
): CompositeType {
  const members: Member[] = [];
  let bit = 0; // the end of the layout so far
  let largest = 0;
  for (const { name, type, width } of unplaced) {
    const size = sizeOf(type) * 8;
    if (kind === "union") bit = 0;
    if (width !== undefined) {
      // A bit-field must not cross a storage unit of its type.
      if (Math.floor(bit / size) !== Math.floor((bit + width - 1) / size)) bit = roundUp(bit, size);
      members.push({ name, type, bitOffset: bit, bitSize: width });
      bit += width;
    } else {
      bit = roundUp(bit, padded ? 8 : alignOf(type) * 8);
      if (!padded || !PADDING.test(name)) members.push({ name, type, bitOffset: bit });
      bit += size;
    }
    largest = Math.max(largest, bit);
  }
  const align = Math.max(1, ...members.map((member) => alignOf(member.type)));
  const bytes = roundUp(Math.ceil(largest / 8), padded ? 1 : align);
  return { kind, name, bytes, packed: false, members };
}

const roundUp = (value: number, unit: number) => Math.ceil(value / unit) * unit;

/** A member whose offset is still to be found. */
interface UnplacedMember {
  readonly name: string;
  readonly type: CType;
  readonly width?: number;
}

function member(json: readonly Json[]): UnplacedMember {
  const [name, type, detail] = json as [string, Json, Json | undefined];
  // `[name, [fields…], kind]`: an anonymous struct or union in a field's place.
  if (detail === "struct" || detail === "struct_packed" || detail === "union") {
    if (Array.isArray(type) && Array.isArray(type[0] ?? [])) {
      return { name: "", type: composite(json) };
    }
  }
  const base = typeOf(type);
  if (typeof detail === "number") return { name, type: base, width: detail };
  if (!Array.isArray(detail)) return { name, type: base };
  return { name, type: (detail as number[]).reduceRight<CType>(array, base) };
}
