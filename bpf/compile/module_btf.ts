/**
 * The BTF of a compiled module: the exact layout of its types, as the compiler has it.
 *
 * libbcc loads it into the kernel and keeps its descriptor, but exports neither. Whoever holds the
 * descriptor can read the bytes, without the privilege that opening by id takes.
 *
 * @module
 */

import type { CType } from "../../ffi/codec/codec.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { readLink } from "../../ffi/libc/files.ts";
import { Btf, BtfKind } from "../btf/btf.ts";
import { btfBytes } from "../btf/btf_bytes.ts";

/**
 * How many descriptors above that of a module's last map are searched: libbcc opens the BTF before
 * the maps.
 */
const MORE_DESCRIPTORS = 64;

/**
 * The BTF that contains a struct of this name, among the descriptors up to that of the module's
 * last map; undefined when the kernel refused it.
 */
export function moduleBtf(marker: string, lastMap: number): Btf | undefined {
  for (let fd = 3; fd <= lastMap + MORE_DESCRIPTORS; fd++) {
    const bytes = isBtf(fd) ? btfBytes(fd) : undefined;
    const btf = bytes && new Btf(bytes);
    if (btf?.find(marker, BtfKind.STRUCT) !== undefined) return btf;
  }
  return undefined;
}

function isBtf(fd: number): boolean {
  try {
    return /^anon_inode:\[?btf\]?$/.test(readLink(`/proc/self/fd/${fd}`));
  } catch (error) {
    if (error instanceof ErrnoError) return false;
    throw error;
  }
}

/** The type of a table's keys or values: libbcc's macros wrap them in a struct for each table. */
export function tableType(btf: Btf, table: string, part: "key" | "leaf"): CType | undefined {
  const id = btf.find(`${table}_table_t`, BtfKind.STRUCT);
  const member = id === undefined ? undefined : btf.members(id).find(({ name }) => name === part);
  return member && btf.type(member.type);
}

/**
 * The struct or union with these fields, given as "name#type"; undefined when there is none, or
 * several with different layouts.
 */
export function typeWithFields(btf: Btf, fields: readonly string[]): CType | undefined {
  const wanted = fields.map((field) => field.split("#") as [string, string])
    .filter(([name]) => name !== "");
  const found = new Map<string, CType>();
  for (let id = 1; id <= btf.length; id++) {
    const kind = btf.kind(id);
    if (kind !== BtfKind.STRUCT && kind !== BtfKind.UNION) continue;
    const members = btf.members(id).filter(({ name }) => name !== "");
    const isSame = members.length === wanted.length && members.every(({ name, type }, i) => {
      const spelt = spelling(btf, type);
      return name === wanted[i]![0] &&
        (spelt === undefined || !/^[\w *[\]]+$/.test(wanted[i]![1]) ||
          spelt === normal(wanted[i]![1]));
    });
    const type = isSame ? btf.type(id) : undefined;
    if (type) found.set(JSON.stringify({ ...type, name: "" }), type);
  }
  return found.size === 1 ? found.values().next().value : undefined;
}

/** How C spells a type, without qualifiers and blanks; undefined for one without a name. */
function spelling(btf: Btf, id: number): string | undefined {
  switch (btf.kind(id)) {
    case BtfKind.CONST:
    case BtfKind.VOLATILE:
    case BtfKind.RESTRICT:
    case BtfKind.TYPE_TAG:
      return spelling(btf, btf.target(id));
    case BtfKind.PTR: {
      const target = spelling(btf, btf.target(id));
      return target && `${target}*`;
    }
    case BtfKind.ARRAY: {
      const [element, ...inner] = spelling(btf, btf.target(id))?.split("[") ?? [];
      return element && [element, `${btf.arrayLength(id)}]`, ...inner].join("[");
    }
    case BtfKind.FUNC_PROTO:
      return undefined;
    default: {
      const name = btf.name(id);
      return name === "" ? undefined : normal(`${TAGS[btf.kind(id)] ?? ""}${name}`);
    }
  }
}

const TAGS: Readonly<Record<number, string>> = {
  [BtfKind.STRUCT]: "struct ",
  [BtfKind.UNION]: "union ",
  [BtfKind.ENUM]: "enum ",
  [BtfKind.ENUM64]: "enum ",
};

const normal = (text: string) =>
  text.replace(/\b(?:const|volatile|restrict)\b/g, "").replace(/\b_Bool\b/g, "bool")
    .replace(/\s+/g, "");
