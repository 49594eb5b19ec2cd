/**
 * Adjusts an object's maps right before libbpf creates them, and replaces maps by existing ones.
 *
 * @module
 */

import { sizeOf } from "../../ffi/codec/check_layout.ts";
import type { CType } from "../../ffi/codec/codec.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { close } from "../../ffi/libc/files.ts";
import { cString } from "../../ffi/libc/memory.ts";
import { BpfError } from "../base/errors.ts";
import { type MapInfo, openPinned, requireMap } from "../maps/map_info.ts";
import type { KernelObject } from "../maps/object_map.ts";
import { prepareStructOps } from "../attach/struct_ops.ts";
import { MapType } from "../tables/map_type.ts";
import type { MapHandle } from "./object_file.ts";

/** Length of names in the kernel: BPF_OBJ_NAME_LEN without the NUL. */
const NAME_MAX = 15;

/**
 * A buffer may declare the type of its events as value, but the kernel wants other value sizes:
 * none for a ring buffer, a descriptor's for a perf buffer.
 */
export function prepareMap({ handle, name, valueType, isReused }: MapHandle): void {
  const lib = libbpf();
  const type = lib.bpf_map__type(handle);
  if (type === MapType.STRUCT_OPS) prepareStructOps(handle);
  const isRing = type === MapType.RINGBUF || type === MapType.USER_RINGBUF;
  if (isRing) lib.bpf_map__set_value_size(handle, 0);
  if (type === MapType.PERF_EVENT_ARRAY) lib.bpf_map__set_value_size(handle, 4);
  const isWanted = lib.bpf_map__autocreate(handle) !== 0;
  if (isRing && valueType && !isReused && isWanted) makeRing(handle, name, type);
}

/**
 * Creates a ring buffer that declares the type of its events.
 *
 * libbpf would pass that type to the kernel, which accepts none for ring buffers, and retry
 * without: the kernel would allocate the ring's memory twice. If creation fails here, libbpf meets
 * the same error and explains it.
 */
function makeRing(handle: bigint, name: string, type: number): void {
  const lib = libbpf();
  const size = lib.bpf_map__max_entries(handle);
  const fd = lib.bpf_map_create(type, cString(name.slice(0, NAME_MAX)), 0, 0, size, null);
  if (fd < 0) return;
  lib.bpf_map__reuse_fd(handle, fd);
  close(fd);
}

/** Replaces an object's map by the one pinned at `path`. @throws {BpfError} */
export function reusePinned(map: MapHandle, path: string, object: string): void {
  const action = `use the map pinned at "${path}" as "${map.name}" of object "${object}"`;
  const { fd } = openPinned(path, action, expectedOf(map));
  try {
    take(map, fd, action);
  } finally {
    close(fd);
  }
}

/** Replaces an object's map by one that is open. @throws {BpfError} */
export function reuse(map: MapHandle, other: KernelObject, object: string): void {
  const action = `use map "${other.name}" as "${map.name}" of object "${object}"`;
  requireMap(other.fd, action, expectedOf(map));
  take(map, other.fd, action);
}

function take(map: MapHandle, fd: number, action: string): void {
  const result = libbpf().bpf_map__reuse_fd(map.handle, fd);
  if (result < 0) throw new BpfError("open", action, -result);
  map.isReused = true;
}

function expectedOf({ handle }: MapHandle) {
  const lib = libbpf();
  return { type: lib.bpf_map__type(handle), keySize: lib.bpf_map__key_size(handle) };
}

/** A map's description once it exists. */
export function madeMap({ handle, name, keyType, valueType, isResized }: MapHandle): MapInfo {
  const lib = libbpf();
  const [keySize, valueSize] = [lib.bpf_map__key_size(handle), lib.bpf_map__value_size(handle)];
  return {
    name,
    type: lib.bpf_map__type(handle),
    fd: lib.bpf_map__fd(handle),
    keySize,
    valueSize,
    maxEntries: lib.bpf_map__max_entries(handle),
    keyType: isResized ? ofSize(keyType, keySize) : keyType,
    valueType: isResized ? ofSize(valueType, valueSize) : valueType,
  };
}

function ofSize(type: CType | undefined, size: number): CType | undefined {
  return type && sizeOf(type) === size ? type : undefined;
}
