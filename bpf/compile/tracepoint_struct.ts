/**
 * The argument structs of tracepoints, with each field at the kernel's offset.
 *
 * For functions that take it by that name, libbcc derives `struct tracepoint__CATEGORY__NAME` from
 * the types alone in the tracepoint's format file: a one-byte enum shifts all fields behind it, and
 * so does a four-byte value in the eight bytes of a system call argument. Without a mounted tracefs
 * it makes none. So the struct is made here, and functions of the text get it by another name.
 *
 * @module
 */

import { sizeOf } from "../../ffi/codec/check_layout.ts";
import type { CType } from "../../ffi/codec/codec.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { exists } from "../../ffi/libc/files.ts";
import { BtfKind } from "../btf/btf.ts";
import { kernelBtf, VMLINUX } from "../btf/kernel_btf.ts";
import { type TracepointField, tracepointFields } from "../tracefs/kernel_functions.ts";
import { mountedTracefs, tracefs } from "../tracefs/tracefs.ts";
import { collectMentions, ownTexts, type SearchPath } from "./headers/mentions.ts";

/** A text whose functions take structs that are declared in front of it. */
export interface TracepointText {
  /** The structs, for a file that is included before the text; empty when there are none. */
  readonly before: string;
  /** The text, each line and column where it was. */
  readonly text: string;
}

// The replacements have the length of the originals: "TRACEPOINT_PROBE" and "struct ".
const MACRO = "TSBCC_TRACEPOINT";
const ALIAS = "tsbcc__";

/**
 * Gives the functions of a text the arguments of tracepoints. When headers are made from BTF, all
 * types that the text mentions are declared before it; else only C's own.
 */
export function withTracepointStructs(
  text: string,
  search: SearchPath,
  fromBtf: boolean,
): TracepointText {
  if (tracefs() === undefined) return { before: "", text };
  const { tracepoints, defined } = collectMentions(text, search);
  const isMounted = mountedTracefs() !== undefined;
  // Structs that included files define are left to libbcc: it would define them once more.
  const included = [...ownTexts(text, search)].slice(0, -1).join("\n");
  const find = (name: string) => {
    const type = kernelType(name);
    return fromBtf || type?.kind === "int" || type?.kind === "enum" ? type : undefined;
  };
  const found = [...tracepoints].flatMap((tracepoint) => {
    const name = `tracepoint__${tracepoint.replace("/", "__")}`;
    if (defined.has(name) || isMounted && mentions(included, tracepoint, name)) return [];
    const fields = fieldsOf(tracepoint);
    return fields ? [{ tracepoint, name, definition: structOf(name, fields, find) }] : [];
  });
  if (found.length === 0) return { before: "", text };
  const before = [
    `#define ${MACRO}(category, event) \\`,
    `int tracepoint__##category##__##event(${ALIAS}tracepoint__##category##__##event *args)`,
    ...found.map(({ name, definition }) => `${definition} typedef struct ${name} ${ALIAS}${name};`),
    "",
  ].join("\n");
  return { before, text: found.reduce(rename, text) };
}

/** Whether a text has functions of a tracepoint. */
function mentions(text: string, tracepoint: string, name: string): boolean {
  return probePattern(tracepoint).test(text) || new RegExp(`\\b${name}\\b`).test(text);
}

/** `TRACEPOINT_PROBE(category, name)`. */
function probePattern(tracepoint: string, flags = ""): RegExp {
  const [category, name] = tracepoint.split("/");
  const behind = String.raw`(?=\s*\(\s*${category}\s*,\s*${name}\s*\))`;
  return new RegExp(String.raw`\bTRACEPOINT_PROBE${behind}`, flags);
}

function rename(text: string, { tracepoint, name }: { tracepoint: string; name: string }): string {
  return text.replace(probePattern(tracepoint, "g"), MACRO)
    .replace(
      new RegExp(String.raw`\bstruct([ \t]+)(?=${name}\b(?!\s*[{;]))`, "g"),
      (found) => ALIAS.padStart(found.length),
    );
}

/** Undefined for a tracepoint that does not exist: the compiler reports it. */
function fieldsOf(tracepoint: string): TracepointField[] | undefined {
  try {
    return tracepointFields(tracepoint);
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}

/** The shape of a type by its name, as the kernel's format files spell it. */
export type FindType = (name: string) => CType | undefined;

/** A struct with each field at the kernel's offset. */
export function structOf(
  name: string,
  fields: readonly TracepointField[],
  find: FindType,
): string {
  const members: string[] = [];
  let end = 0;
  for (const field of fields) {
    const { offset, size } = field;
    if (offset > end) members.push(`char __pad_${end}[${offset - end}];`);
    const [declaration, bytes] = memberOf(field, find);
    members.push(declaration);
    if (bytes < size) members.push(`char __pad_${offset + bytes}[${size - bytes}];`);
    end = offset + size;
  }
  return `struct ${name} { ${members.join(" ")} };`;
}

/** A member's declaration and how many bytes that takes, at most the field's. */
function memberOf(field: TracepointField, find: FindType): [declaration: string, bytes: number] {
  const { type, name, offset, size, signed } = field;
  const [, plain, dimension] = /^(\w+)(?:\[(\w*)\])?$/.exec(name) ?? [];
  // Other fields, such as a bit-field, become padding.
  const isSpelt = plain !== undefined && /^[\w *[\]]+$/.test(type);
  if (!isSpelt) return [`char __pad_${offset}[${size}];`, size];
  // Offset and length of the data, which bcc's TP_DATA_LOC_READ decodes.
  const dynamic = /^__(data|rel)_loc /.exec(type)?.[1];
  if (dynamic !== undefined) return [`u32 ${dynamic}_loc_${plain};`, size];
  if (type.endsWith("*") && dimension === undefined) return [`${type} ${plain};`, size];
  const found = find(type.replace(/\b(?:const|volatile)\b/g, "").replace(/\s+/g, " ").trim());
  if (dimension !== undefined) return [arrayOf(field, plain, found), size];
  const isInt = found?.kind === "int" || found?.kind === "enum";
  if (!isInt && found && sizeOf(found) === size) return [`${type} ${plain};`, size];
  // A type larger than its field, such as an enum in one byte, is truncated as in the kernel.
  const bytes = isInt ? Math.min(found.bytes, size) : size;
  const isSigned = isInt && found.bytes <= size ? found.signed : signed;
  const isWord = [1, 2, 4, 8].includes(bytes) && offset % bytes === 0;
  return [isWord ? `${word(isSigned, bytes)} ${plain};` : `char ${plain}[${bytes}];`, bytes];
}

const word = (signed: boolean, bytes: number) => `${signed ? "s" : "u"}${bytes * 8}`;

function arrayOf({ type, offset, size }: TracepointField, name: string, element?: CType): string {
  const bytes = element ? sizeOf(element) : type.endsWith("*") ? 8 : 1;
  if (size % bytes !== 0 || offset % Math.min(bytes, 8) !== 0) return `char ${name}[${size}];`;
  const isInt = element?.kind === "int" || element?.kind === "enum";
  const isSpelt = /(?:\*|\bchar)$/.test(type) || element !== undefined && !isInt;
  // A field of an unknown type becomes an array of bytes.
  const spelt = isSpelt ? type : isInt ? word(element.signed, bytes) : "char";
  return `${spelt} ${name}[${size / bytes}];`;
}

const C_WORDS = /^(?:(?:unsigned|signed|char|short|int|long) ?)+$/;

/** The type that a name stands for, by C or by the kernel's BTF. */
function kernelType(name: string): CType | undefined {
  if (C_WORDS.test(name)) {
    const has = (part: string) => name.split(" ").includes(part);
    const bytes = has("char") ? 1 : has("short") ? 2 : has("long") ? 8 : 4;
    return { kind: "int", bytes, signed: !has("unsigned"), name };
  }
  if (!exists(VMLINUX)) return undefined;
  const [, tag, plain] = /^(?:(struct|union|enum) )?(\w+)$/.exec(name) ?? [];
  if (plain === undefined) return undefined;
  const { TYPEDEF, STRUCT, UNION, ENUM, ENUM64 } = BtfKind;
  const kinds = tag === undefined ? [TYPEDEF] : tag === "enum" ? [ENUM, ENUM64] : [STRUCT, UNION];
  const btf = kernelBtf();
  const id = btf.find(plain, ...kinds);
  return id === undefined ? undefined : btf.type(id);
}
