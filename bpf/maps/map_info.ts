/**
 * The maps of an object: what they are, and changing them before they are made.
 *
 * @module
 */

import type { Codec, CType, Infer } from "../../ffi/codec/codec.ts";
import { struct, u32 } from "../../ffi/codec/mod.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { close } from "../../ffi/libc/files.ts";
import { alloc, cString, textAt } from "../../ffi/libc/memory.ts";
import type { Btf } from "../btf/btf.ts";
import { BpfError, permissionReason } from "../base/errors.ts";
import { MapType, mapTypeName } from "../tables/map_type.ts";

/** How to change one map before it is made. */
export interface MapOptions {
  /** Entries; for a ring buffer its size in bytes, a power of two and a multiple of the page size. */
  readonly maxEntries?: number;
  /** Use the map pinned at this path of a bpf file system instead of making one. */
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
  /** As the object's BTF declares them; undefined when it does not. */
  readonly keyType: CType | undefined;
  readonly valueType: CType | undefined;
  /** Those it was defined with, where it was defined in TypeScript. */
  readonly codecs?: { readonly key: Codec<unknown> | undefined; readonly value: Codec<unknown> };
}

/** Letters of a name that the kernel keeps: BPF_OBJ_NAME_LEN without the NUL. */
const NAME_MAX = 15;

/** The leading part of struct bpf_map_info (include/uapi/linux/bpf.h). */
const MapInfoHead = struct("bpf_map_info", {
  type: u32,
  id: u32,
  key_size: u32,
  value_size: u32,
  max_entries: u32,
  map_flags: u32,
});

/** A map between opening and loading; `handle` is its `struct bpf_map *`. */
export type OpenMap = Omit<MapInfo, "fd" | "keySize" | "valueSize" | "maxEntries"> & {
  handle: bigint;
};

/** Changes a map as its options say. @throws {BpfError} when it cannot be the pinned one */
export function configureMap(
  handle: bigint,
  btf: Btf,
  object: string,
  options: Readonly<Record<string, MapOptions>>,
): OpenMap {
  const lib = libbpf();
  const name = textAt(lib.bpf_map__name(handle));
  const type = lib.bpf_map__type(handle);
  const { maxEntries, pinned } = options[name] ?? {};
  // libbpf forgets the types of some kinds of maps when it makes them, so they are taken now.
  const keyType = btf.type(lib.bpf_map__btf_key_type_id(handle));
  const valueType = btf.type(lib.bpf_map__btf_value_type_id(handle));
  // A buffer may declare its event's type, but the kernel wants other value sizes: none for a ring
  // buffer, a descriptor's for a perf buffer.
  const isRing = type === MapType.RINGBUF || type === MapType.USER_RINGBUF;
  if (isRing) lib.bpf_map__set_value_size(handle, 0);
  if (type === MapType.PERF_EVENT_ARRAY) lib.bpf_map__set_value_size(handle, 4);
  if (maxEntries !== undefined) lib.bpf_map__set_max_entries(handle, maxEntries);
  if (pinned !== undefined) reusePinned(handle, name, pinned, object);
  else if (isRing && valueType) makeRing(handle, name, type);
  return { name, type, keyType, valueType, handle };
}

/**
 * Makes a ring buffer that declares its event's type.
 *
 * libbpf would tell the kernel that type, which no ring buffer may have, and try again without it
 * when that fails: the kernel would have made all of the ring's memory in vain. Where it cannot be
 * made, libbpf meets the same error and explains it.
 */
function makeRing(handle: bigint, name: string, type: number): void {
  const lib = libbpf();
  const size = lib.bpf_map__max_entries(handle);
  const fd = lib.bpf_map_create(
    type,
    cString(name.slice(0, NAME_MAX)),
    0,
    0,
    size,
    null,
  );
  if (fd < 0) return;
  lib.bpf_map__reuse_fd(handle, fd);
  close(fd);
}

/** Puts the map pinned at `path` in the place of the object's own. */
function reusePinned(handle: bigint, name: string, path: string, object: string): void {
  const lib = libbpf();
  const action = `use the map pinned at "${path}" as "${name}" of object "${object}"`;
  const [type, keySize] = [lib.bpf_map__type(handle), lib.bpf_map__key_size(handle)];
  const { fd } = openPinned(path, action, { type, keySize });
  try {
    const reused = lib.bpf_map__reuse_fd(handle, fd);
    if (reused < 0) throw new BpfError("open", action, -reused);
  } finally {
    close(fd);
  }
}

/** What a pinned map has to be; its values may be of any size where that is not told. */
export interface ExpectedMap {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize?: number;
}

/**
 * Opens the map that is pinned at a path; the caller closes it.
 *
 * @throws {BpfError} when there is none, or another than expected
 */
export function openPinned(
  path: string,
  action: string,
  { type, keySize, valueSize }: ExpectedMap,
): { readonly fd: number; readonly maxEntries: number } {
  const fd = libbpf().bpf_obj_get(cString(path));
  if (fd < 0) throw new BpfError("open", action, -fd, explainPinned(-fd));
  try {
    const found = describeMap(fd);
    if (typeof found === "number") throw new BpfError("open", action, found, "it is not a map");
    const valuesFit = valueSize === undefined || found.value_size === valueSize;
    if (found.type === type && found.key_size === keySize && valuesFit) {
      return { fd, maxEntries: found.max_entries };
    }
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
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** What the kernel tells of a map; an errno when it does not. */
function describeMap(fd: number): Infer<typeof MapInfoHead> | number {
  const info = alloc(MapInfoHead.size);
  const length = new Uint32Array([info.length]);
  const result = libbpf().bpf_obj_get_info_by_fd(fd, info, new Uint8Array(length.buffer));
  return result < 0 ? -result : MapInfoHead.read(new DataView(info.buffer), 0);
}

/** The flags a map was made with. @throws {BpfError} */
export function mapFlags({ name, fd }: MapInfo): number {
  const found = describeMap(fd);
  if (typeof found === "number") throw new BpfError("read", `read flags of map "${name}"`, found);
  return found.map_flags;
}

function explainPinned(errno: number): string {
  if (errno === Errno.ENOENT) {
    return "no such file: make and pin the map first (bpftool map create)";
  }
  if (errno === Errno.EACCES || errno === Errno.EPERM) return permissionReason();
  return "it is not a pinned map: it has to lie in a bpf file system, usually /sys/fs/bpf";
}

/** What a map is once it exists. */
export function sizesOf(handle: bigint) {
  const lib = libbpf();
  return {
    fd: lib.bpf_map__fd(handle),
    keySize: lib.bpf_map__key_size(handle),
    valueSize: lib.bpf_map__value_size(handle),
    maxEntries: lib.bpf_map__max_entries(handle),
  };
}
