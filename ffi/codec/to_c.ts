import type { Codec, CompositeType, CType, EnumType, Member } from "./codec.ts";

/**
 * The C text of codecs' types, for use behind `#include <linux/types.h>`.
 *
 * A struct, union or enum gives its definition, behind those of the named types that it uses. Give
 * several codecs that share such types in one call: it defines each once. A single codec of any
 * other type gives the type's name as `sizeof` takes it: `__u32`, `char[16]`.
 *
 * @throws RangeError if two different types have the same tag.
 */
export function toC(codec: Codec<unknown>, ...more: readonly Codec<unknown>[]): string {
  if (more.length === 0 && !isDefinable(codec.type)) return declare(codec.type, "", "");
  const definitions = new Map<string, string>();
  for (const { type } of [codec, ...more]) {
    define(type, definitions);
    if (isDefinable(type) && type.name === "") definitions.set("", `${body(type, "")};`);
  }
  return [...definitions.values()].join("\n\n");
}

function isDefinable(type: CType): type is CompositeType | EnumType {
  return type.kind === "struct" || type.kind === "union" || type.kind === "enum";
}

/** Adds the definitions of all named types in `type`, innermost first. */
function define(type: CType, definitions: Map<string, string>): void {
  if (type.kind === "array") return define(type.element, definitions);
  if (!isDefinable(type)) return;
  if (type.kind !== "enum") {
    for (const member of type.members) define(member.type, definitions);
  }
  if (type.name === "") return;
  const text = `${body(type, "")};`;
  const known = definitions.get(type.name);
  if (known !== undefined && known !== text) {
    throw new RangeError(`Cannot define "${type.name}" twice with different members`);
  }
  definitions.set(type.name, text);
}

function body(type: CompositeType | EnumType, indent: string): string {
  const tag = type.name === "" ? "" : ` ${type.name}`;
  const lines = type.kind === "enum"
    ? Object.entries(type.values).map(([name, value]) => `${indent}  ${name} = ${value},`)
    : type.members.map((member) => `${indent}  ${line(member, `${indent}  `)};`);
  const attributes = type.kind === "enum" ? "" : attribute(type.packed, type.align);
  return `${type.kind}${tag} {\n${lines.join("\n")}\n${indent}}${attributes}`;
}

function line({ name, type, bitSize, align }: Member, indent: string): string {
  const width = bitSize === undefined ? "" : name === "" ? `: ${bitSize}` : ` : ${bitSize}`;
  return `${declare(type, `${name}${width}`, indent)}${attribute(false, align)}`;
}

function attribute(packed: boolean, align: number | undefined): string {
  const words = [...(packed ? ["packed"] : []), ...(align ? [`aligned(${align})`] : [])];
  return words.length === 0 ? "" : ` __attribute__((${words.join(", ")}))`;
}

/** A declaration without its semicolon; with an empty name, the type's name. */
function declare(type: CType, name: string, indent: string): string {
  if (type.kind === "array") {
    return declare(type.element, `${name}[${type.length === 0 ? "" : type.length}]`, indent);
  }
  const spelling = spell(type, indent);
  return /^(\[|$)/.test(name) || spelling.endsWith("*") ? spelling + name : `${spelling} ${name}`;
}

function spell(type: Exclude<CType, { kind: "array" }>, indent: string): string {
  if (type.kind === "enum" && !isPlain(type)) {
    return `__${type.signed ? "s" : "u"}${type.bytes * 8}`;
  }
  if (isDefinable(type)) {
    return type.name === "" ? body(type, indent) : `${type.kind} ${type.name}`;
  }
  return type.name;
}

/** Whether C itself would give the enum this size and sign. */
function isPlain(type: EnumType): boolean {
  const negative = Object.values(type.values).some((value) => value < 0);
  return type.bytes === 4 && type.signed === negative;
}
