/**
 * libbcc's description of a table as a map, with the types of its keys, values and events.
 *
 * @module
 */

import type { CType } from "../../ffi/codec/codec.ts";
import { sizeOf } from "../../ffi/codec/check_layout.ts";
import { libbcc } from "../../ffi/libbcc.ts";
import { exists } from "../../ffi/libc/files.ts";
import { cString, textAt } from "../../ffi/libc/memory.ts";
import { type Btf, BtfKind } from "../btf/btf.ts";
import { kernelBtf, VMLINUX } from "../btf/kernel_btf.ts";
import type { MapInfo } from "../maps/map_info.ts";
import { isIndexed, MapType } from "../tables/map_type.ts";
import type { Loading } from "./compiled_program.ts";
import { isPlain } from "./declared_types.ts";
import { typeOfDescription, typeOfFields } from "./described_types.ts";
import { tableType, typeWithFields } from "./module_btf.ts";
import { reservedTable } from "./reserved_events.ts";

/** Array keys: libbcc declares them as int, the kernel uses u32 indices. */
const INDEX: CType = { kind: "int", bytes: 4, signed: false, name: "u32" };

/** Describes a table as a map. */
export function tableInfo(
  module: bigint,
  id: bigint,
  loading: Loading,
  btf: Btf | undefined,
): MapInfo {
  const lib = libbcc();
  const name = textAt(lib.bpf_table_name(module, id));
  const type = lib.bpf_table_type_id(module, id);
  const maxEntries = Number(lib.bpf_table_max_entries_id(module, id));
  const keySize = Number(lib.bpf_table_key_size_id(module, id));
  const valueSize = Number(lib.bpf_table_leaf_size_id(module, id));
  const ring = type === MapType.RINGBUF;
  /** By BTF, or else by libbcc's description, which omits alignment attributes. */
  const typeOf = (part: "key" | "leaf", description: bigint, size: number) => {
    const type = btf && tableType(btf, name, part) || typeOfDescription(textAt(description));
    return type && sizeOf(type) === size ? type : undefined;
  };
  return {
    name,
    type,
    fd: lib.bpf_table_fd_id(module, id),
    keySize,
    valueSize,
    maxEntries,
    keyType: ring
      ? undefined
      : isIndexed(type)
      ? INDEX
      : typeOf("key", lib.bpf_table_key_desc_id(module, id), keySize),
    valueType: ring || type === MapType.PERF_EVENT_ARRAY
      ? eventType(module, name, loading, btf) ?? reservedType(module, name, btf)
      : typeOf("leaf", lib.bpf_table_leaf_desc_id(module, id), valueSize),
  };
}

/** The type of the events that the text submits to a buffer, if libbcc has recorded it. */
function eventType(
  module: bigint,
  table: string,
  { source, texts }: Loading,
  btf: Btf | undefined,
): CType | undefined {
  const lib = libbcc();
  const name = cString(table);
  const count = Number(lib.bpf_perf_event_fields(module, name));
  if (count === 0) return undefined;
  const fields = Array.from(
    { length: count },
    (_, i) => textAt(lib.bpf_perf_event_field(module, name, BigInt(i))),
  );
  const known = btf && typeWithFields(btf, fields);
  if (known || !isPlain(texts)) return known;
  return typeOfFields(table, fields, (type) => findType(type, source));
}

/** The type of the events that the text reserves in a ring buffer, if it is unambiguous. */
function reservedType(module: bigint, buffer: string, btf: Btf | undefined): CType | undefined {
  const table = reservedTable(buffer);
  const known = btf && tableType(btf, table, "leaf");
  if (known) return known;
  const lib = libbcc();
  const description = lib.bpf_table_leaf_desc(module, cString(table));
  const type = description === 0n ? undefined : typeOfDescription(textAt(description));
  const size = lib.bpf_table_leaf_size(module, cString(table));
  return type && sizeOf(type) === Number(size) ? type : undefined;
}

/** A type by its name, unless the text defines it itself: then only the compiler knows it. */
function findType(name: string, text: string): CType | undefined {
  const basic = /^(?:__)?([su])(8|16|32|64)$/.exec(name) ?? /^(u?)int(8|16|32|64)_t$/.exec(name);
  if (basic) {
    const bytes = Number(basic[2]) / 8 as 1 | 2 | 4 | 8;
    return { kind: "int", bytes, signed: basic[1] !== "u", name };
  }
  if (!exists(VMLINUX)) return undefined;
  const [, tag, plain] = /^(?:(struct|union|enum) )?(\w+)$/.exec(name) ?? [];
  if (plain === undefined || new RegExp(`\\b${plain}\\s*[{;]`).test(text)) return undefined;
  const btf = kernelBtf();
  const { TYPEDEF, STRUCT, UNION, ENUM, ENUM64 } = BtfKind;
  const id = btf.find(plain, ...tag === undefined ? [TYPEDEF] : [STRUCT, UNION, ENUM, ENUM64]);
  return id === undefined ? undefined : btf.type(id);
}
