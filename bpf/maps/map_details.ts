/**
 * What the kernel reports about a map, whoever created it.
 *
 * @module
 */

import { chars, struct, u32, u64 } from "../../ffi/codec/mod.ts";
import { openId, readInfo } from "../../ffi/libc/bpf_objects.ts";
import { close } from "../../ffi/libc/files.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { BpfError } from "../base/errors.ts";
import { Btf } from "../btf/btf.ts";
import { btfBytes } from "../btf/btf_bytes.ts";
import { mapTypeName } from "../tables/map_type.ts";
import type { MapInfo } from "./map_info.ts";

/** struct bpf_map_info (include/uapi/linux/bpf.h): the part that Linux 5.16 has. */
const Info = struct("bpf_map_info", {
  type: u32,
  id: u32,
  key_size: u32,
  value_size: u32,
  max_entries: u32,
  map_flags: u32,
  name: chars(16),
  ifindex: u32,
  btf_vmlinux_value_type_id: u32,
  netns_dev: u64,
  netns_ino: u64,
  btf_id: u32,
  btf_key_type_id: u32,
  btf_value_type_id: u32,
  btf_vmlinux_id: u32,
  map_extra: u64,
});

/** A map in the kernel, as `bpftool map` shows it. */
export interface MapDetails {
  /** The map's id. */
  readonly id: number;
  /** Its type as C spells it, without the prefix: `HASH`. */
  readonly type: string;
  /** Its name in C, truncated to 15 characters. */
  readonly name: string;
  /** Size of a key in bytes. */
  readonly keySize: number;
  /** Size of a value in bytes; of one CPU's value in a per-CPU map. */
  readonly valueSize: number;
  /** The number of entries; for a ring buffer its size in bytes. */
  readonly maxEntries: number;
  /** The flags it was created with: BPF_F_… */
  readonly flags: number;
  /** The id of its BTF; 0 if it has none. */
  readonly btfId: number;
}

/** What the kernel reports about a map. @throws {BpfError} */
export function mapDetails(name: string, fd: number): MapDetails {
  const info = ask(name, fd);
  return {
    id: info.id,
    type: mapTypeName(info.type),
    name: info.name,
    keySize: info.key_size,
    valueSize: info.value_size,
    maxEntries: info.max_entries,
    flags: info.map_flags,
    btfId: info.btf_id,
  };
}

/**
 * Describes somebody else's map like a map of an object, with the types from its BTF. Reading those
 * takes CAP_SYS_ADMIN; without that, the map has no types.
 */
export function describedMap(name: string, fd: number): { info: MapInfo; btf: Btf } {
  const { type, key_size, value_size, max_entries, ...info } = ask(name, fd);
  const btf = info.btf_id === 0 ? Btf.empty() : btfOf(info.btf_id);
  const types = btf.length > 0
    ? { keyType: btf.type(info.btf_key_type_id), valueType: btf.type(info.btf_value_type_id) }
    : { keyType: undefined, valueType: undefined };
  const sizes = { keySize: key_size, valueSize: value_size, maxEntries: max_entries };
  return { info: { name, type, fd, ...sizes, ...types }, btf };
}

function btfOf(id: number): Btf {
  const fd = openId("btf", id);
  if (fd < 0) return Btf.empty();
  try {
    const bytes = btfBytes(fd);
    return bytes ? new Btf(bytes) : Btf.empty();
  } finally {
    close(fd);
  }
}

function ask(name: string, fd: number) {
  const info = alloc(Info.size);
  const result = readInfo(fd, info);
  if (result < 0) throw new BpfError("read", `read the state of map "${name}"`, -result);
  return Info.read(new DataView(info.buffer), 0);
}
