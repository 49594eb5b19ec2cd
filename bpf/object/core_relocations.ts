/**
 * The CO-RE relocations of an object: which kernel types it needs.
 *
 * Layout: struct btf_ext_header of libbpf (src/libbpf_internal.h) and struct bpf_core_relo of
 * include/uapi/linux/bpf.h. libbpf carries the relocations out.
 *
 * @module
 */

import { type Btf, BtfKind, MAGIC } from "../btf/btf.ts";

/** enum bpf_core_relo_kind, without type ids and kinds that need more than structs and enums. */
const TYPE_ID_LOCAL = 6;
const TYPE_ID_TARGET = 7;
const TYPE_MATCHES = 12;
const LAST_OF_FIELDS = 5;
/** struct bpf_core_relo { u32 insn_off; u32 type_id; u32 access_str_off; u32 kind; } */
const RECORD_SIZE = 16;
/** struct bpf_func_info { u32 insn_off; u32 type_id; } */
const FUNCTION_SIZE = 8;

const COMPOSITE: ReadonlySet<number> = new Set([BtfKind.STRUCT, BtfKind.UNION]);
const ENUMS: ReadonlySet<number> = new Set([BtfKind.ENUM, BtfKind.ENUM64]);

/** The names of kernel types that relocations refer to. */
export interface CoreNames {
  /** Of structs, unions and enums. */
  readonly types: ReadonlySet<string>;
  /** Of members of structs and unions. */
  readonly members: ReadonlySet<string>;
}

/**
 * The names in an object's `.BTF.ext`; undefined when there are no relocations, or one needs more
 * than the layout of structs and the values of enums. Relocations in programs that are left out are
 * ignored, as libbpf ignores them.
 *
 * Truncated or dangling records are left to libbpf, which reports them.
 */
export function coreNames(
  btf: Btf,
  section: Uint8Array,
  leftOut: ReadonlySet<string> = new Set(),
): CoreNames | undefined {
  try {
    return readNames(btf, section, leftOut);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readNames(
  btf: Btf,
  section: Uint8Array,
  leftOut: ReadonlySet<string>,
): CoreNames | undefined {
  const view = new DataView(section.buffer, section.byteOffset, section.length);
  const header = view.getUint32(4, true);
  // The headers of early versions end before the relocations' fields.
  if (view.getUint16(0, true) !== MAGIC || header < 32) return undefined;
  const start = header + view.getUint32(24, true);
  const end = start + view.getUint32(28, true);
  const types = new Set<string>();
  const members = new Set<string>();
  const seen = new Set<string>();
  const recordSize = end > start ? view.getUint32(start, true) : RECORD_SIZE;
  // With a smaller size the loop would not end, or read parts of other records.
  if (recordSize < RECORD_SIZE) return undefined;
  const functions = leftOut.size > 0 ? functionsIn(btf, view, header) : undefined;
  // For each section of programs: the offset of its name, the number of its records, the records.
  for (let at = start + 4; at < end;) {
    const inSection = functions?.get(view.getUint32(at, true)) ?? [];
    const count = view.getUint32(at + 4, true);
    at += 8;
    for (let i = 0; i < count; i++, at += recordSize) {
      const instruction = view.getUint32(at, true);
      const program = inSection.findLast(({ start }) => start <= instruction)?.name;
      if (program !== undefined && leftOut.has(program)) continue;
      const root = view.getUint32(at + 4, true);
      const access = view.getUint32(at + 8, true);
      const kind = view.getUint32(at + 12, true);
      const key = `${kind} ${root} ${access}`;
      if (kind === TYPE_ID_LOCAL || seen.has(key)) continue;
      seen.add(key);
      if (kind === TYPE_ID_TARGET || kind >= TYPE_MATCHES) return undefined;
      const kindOfRoot = btf.kind(root);
      if (!COMPOSITE.has(kindOfRoot) && !ENUMS.has(kindOfRoot)) return undefined;
      const name = btf.name(root);
      if (name === "") return undefined;
      types.add(essential(name));
      if (kind > LAST_OF_FIELDS) continue;
      if (!addMembers(btf, root, btf.string(access), members)) return undefined;
    }
  }
  return types.size > 0 ? { types, members } : undefined;
}

interface FunctionStart {
  readonly name: string;
  /** Bytes from the start of its section. */
  readonly start: number;
}

/** The functions of each section, by its name's offset in the strings, in order. */
function functionsIn(btf: Btf, view: DataView, header: number): Map<number, FunctionStart[]> {
  const start = header + view.getUint32(8, true);
  const end = start + view.getUint32(12, true);
  const found = new Map<number, FunctionStart[]>();
  const recordSize = end > start ? view.getUint32(start, true) : FUNCTION_SIZE;
  if (recordSize < FUNCTION_SIZE) return found;
  for (let at = start + 4; at < end;) {
    const section = view.getUint32(at, true);
    const count = view.getUint32(at + 4, true);
    at += 8;
    const functions: FunctionStart[] = [];
    for (let i = 0; i < count; i++, at += recordSize) {
      const name = btf.name(view.getUint32(at + 4, true));
      functions.push({ name, start: view.getUint32(at, true) });
    }
    found.set(section, functions.sort((one, other) => one.start - other.start));
  }
  return found;
}

/**
 * An access string such as `0:3:1`: an array index for the root, then indices of members and
 * elements.
 */
function addMembers(btf: Btf, root: number, access: string, names: Set<string>): boolean {
  let id = root;
  for (const index of access.split(":").slice(1).map(Number)) {
    id = btf.resolve(id);
    if (btf.kind(id) === BtfKind.ARRAY) {
      id = btf.target(id);
      continue;
    }
    const member = COMPOSITE.has(btf.kind(id)) ? btf.member(id, index) : undefined;
    if (!member) return false;
    if (member.name !== "") names.add(member.name);
    id = member.type;
  }
  return true;
}

/** `request___old` is the object's own flavor of the kernel's struct `request`. */
function essential(name: string): string {
  return /^(.*[^_])___[^_]/.exec(name)?.[1] ?? name;
}
