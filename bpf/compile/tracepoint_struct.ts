/**
 * The argument structs of tracepoints, for where libbcc cannot make them.
 *
 * libbcc makes `struct tracepoint__CATEGORY__NAME` of the tracepoint's format file, which it looks
 * for at the mount points of tracefs only. Where nothing is mounted there, it leaves the struct to
 * the text.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/libc.ts";
import { type TracepointField, tracepointFields } from "../tracefs/kernel_functions.ts";
import { mountedTracefs, tracefs } from "../tracefs/tracefs.ts";
import { collectMentions, type SearchPath } from "./headers/mentions.ts";

/** C text with the structs that a text mentions, to stand before it; empty where libbcc makes them. */
export function tracepointStructs(text: string, search: SearchPath): string {
  if (mountedTracefs() !== undefined || tracefs() === undefined) return "";
  const { tracepoints, defined } = collectMentions(text, search);
  const structs = [...tracepoints].flatMap((tracepoint) => {
    const name = `tracepoint__${tracepoint.replace("/", "__")}`;
    if (defined.has(name)) return [];
    try {
      return [structOf(name, tracepointFields(tracepoint))];
    } catch (error) {
      if (error instanceof ErrnoError) return []; // no such tracepoint: the compiler says it
      throw error;
    }
  });
  return structs.length === 0 ? "" : [...structs, "#line 1", ""].join("\n");
}

/** The struct as libbcc declares it, with each field at the offset that the kernel tells. */
export function structOf(name: string, fields: readonly TracepointField[]): string {
  const members: string[] = [];
  let end = 0;
  for (const field of fields) {
    const { offset, size } = field;
    if (offset > end) members.push(`char __pad_${end}[${offset - end}];`);
    members.push(memberOf(field));
    end = offset + size;
  }
  return `struct ${name} { ${members.join(" ")} };`;
}

function memberOf({ type, name, offset, size, signed }: TracepointField): string {
  // Where the data is, and how long: what bcc's TP_DATA_LOC_READ takes apart.
  const dynamic = /^__(data|rel)_loc /.exec(type)?.[1];
  if (dynamic !== undefined) return `u32 ${dynamic}_loc_${name};`;
  if (/[*\]]/.test(type + name)) return `${type} ${name};`;
  // By its size: the type's own may be another, such as that of an enum in one byte.
  const isInt = [1, 2, 4, 8].includes(size) && offset % size === 0;
  return isInt ? `${signed ? "s" : "u"}${size * 8} ${name};` : `char ${name}[${size}];`;
}
