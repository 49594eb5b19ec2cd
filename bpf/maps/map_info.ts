/**
 * The maps of an object: their description, and changes before they are created.
 *
 * @module
 */

import type { Codec, CType, Infer } from "../../ffi/codec/codec.ts";
import { struct, u32 } from "../../ffi/codec/mod.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { close } from "../../ffi/libc/files.ts";
import { alloc, cString } from "../../ffi/libc/memory.ts";
import { BpfError, permissionReason } from "../base/errors.ts";
import { mapTypeName } from "../tables/map_type.ts";

/** Changes to one map before it is created. */
export interface MapOptions {
  /**
   * The number of entries; for a ring buffer its size in bytes, a power of two and a multiple of
   * the page size.
   */
  readonly maxEntries?: number;
  /** Use the map pinned at this path of a bpf file system instead of creating one. */
  readonly pinned?: string;
}

/** A map of a loaded object. */
export interface MapInfo {
  readonly name: string;
  readonly type: number;
  readonly fd: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** The types in the object's BTF; undefined when it declares none. */
  readonly keyType: CType | undefined;
  readonly valueType: CType | undefined;
  /** The codecs of a map defined in TypeScript. */
  readonly codecs?: { readonly key: Codec<unknown> | undefined; readonly value: Codec<unknown> };
}

/** The leading part of struct bpf_map_info (include/uapi/linux/bpf.h). */
const MapInfoHead = struct("bpf_map_info", {
  type: u32,
  id: u32,
  key_size: u32,
  value_size: u32,
  max_entries: u32,
  map_flags: u32,
});

/** What a pinned map must match; its value size is not checked where it is undefined. */
export interface ExpectedMap {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize?: number;
}

/**
 * Opens the map that is pinned at a path; the caller closes it.
 *
 * @throws {BpfError} when there is none, or it does not match
 */
export function openPinned(
  path: string,
  action: string,
  expected: ExpectedMap,
): { readonly fd: number; readonly maxEntries: number } {
  const fd = libbpf().bpf_obj_get(cString(path));
  if (fd < 0) throw new BpfError("open", action, -fd, explainPinned(-fd));
  try {
    return { fd, maxEntries: requireMap(fd, action, expected) };
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** The capacity of a map. @throws {BpfError} when the map does not match */
export function requireMap(
  fd: number,
  action: string,
  { type, keySize, valueSize }: ExpectedMap,
): number {
  const found = describeMap(fd);
  if (typeof found === "number") throw new BpfError("open", action, found, "it is not a map");
  const valuesFit = valueSize === undefined || found.value_size === valueSize;
  if (found.type === type && found.key_size === keySize && valuesFit) return found.max_entries;
  const kind = (type: number, key: number, value: number) =>
    `${mapTypeName(type)} map with keys of ${key} bytes` +
    (valueSize === undefined ? "" : ` and values of ${value} bytes`);
  throw new BpfError(
    "open",
    action,
    Errno.EINVAL,
    `it is a ${kind(found.type, found.key_size, found.value_size)}: expected a ` +
      kind(type, keySize, valueSize ?? 0),
  );
}

/** What the kernel reports about a map; an errno when it fails. */
function describeMap(fd: number): Infer<typeof MapInfoHead> | number {
  const info = alloc(MapInfoHead.size);
  const length = new Uint32Array([info.length]);
  const result = libbpf().bpf_obj_get_info_by_fd(fd, info, new Uint8Array(length.buffer));
  return result < 0 ? -result : MapInfoHead.read(new DataView(info.buffer), 0);
}

/** The flags a map was created with. @throws {BpfError} */
export function mapFlags({ name, fd }: MapInfo): number {
  const found = describeMap(fd);
  if (typeof found === "number") throw new BpfError("read", `read flags of map "${name}"`, found);
  return found.map_flags;
}

function explainPinned(errno: number): string {
  if (errno === Errno.ENOENT) {
    return "no such file: make and pin the map first (bpftool map create)";
  }
  const place = "it has to lie in a bpf file system, usually /sys/fs/bpf";
  if (errno === Errno.EACCES || errno === Errno.EPERM) return `${place}; or ${permissionReason()}`;
  return `it is not a pinned map: ${place}`;
}
