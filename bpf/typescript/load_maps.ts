/**
 * Creates the maps of kernel code, including the one of its globals.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { createMap } from "../../ffi/libc/bpf_syscall.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { map, MAP_SHARED, PROT_READ, PROT_WRITE } from "../../ffi/libc/mmap.ts";
import { BpfError, permissionReason } from "../base/errors.ts";
import { notFound } from "../base/not_found.ts";
import { possibleCpus } from "../maps/per_cpu_value.ts";
import { type MapInfo, type MapOptions, openPinned } from "../maps/map_info.ts";
import { MapType } from "../tables/map_type.ts";
import type { GlobalVariable } from "./lower/program.ts";
import type { AnyMap } from "./language/maps.ts";

/** The map of the globals, named like a compiler's data section. */
export const SECTION = ".bss";
/** Maps that user space can map into its memory (BPF_F_MMAPABLE). Needs Linux >= 5.5. */
const MMAPABLE = 1 << 10;

/** A global variable with its codec. */
export interface Global extends GlobalVariable {
  readonly codec: Codec<unknown>;
}

/** Creates a map, or opens the pinned one. */
export function newMap(
  name: string,
  { type, key, value, entries }: AnyMap,
  { maxEntries, pinned }: MapOptions,
  object: string,
  btf: number,
  ids: ReadonlyMap<Codec<unknown>, number>,
): MapInfo {
  const isBuffer = type === MapType.RINGBUF || type === MapType.PERF_EVENT_ARRAY;
  const isUntyped = isBuffer || type === MapType.STACK_TRACE || type === MapType.CGROUP_ARRAY;
  const request = {
    name,
    type,
    keySize: isBuffer ? type === MapType.RINGBUF ? 0 : 4 : key!.size,
    valueSize: isBuffer ? type === MapType.RINGBUF ? 0 : 4 : value!.size,
    maxEntries: maxEntries ?? (type === MapType.PERF_EVENT_ARRAY ? possibleCpus() : entries),
  };
  const types = { keyType: key?.type, valueType: value?.type };
  const codecs = value?.type ? { codecs: { key, value } } : {};
  if (pinned !== undefined) {
    const action = `use the map pinned at "${pinned}" as "${name}" of object "${object}"`;
    return { ...request, ...openPinned(pinned, action, request), ...types, ...codecs };
  }
  const fd = createMap({
    ...request,
    ...isUntyped ? {} : { btf: { fd: btf, key: ids.get(key!)!, value: ids.get(value!)! } },
  });
  if (fd < 0) throw mapFailure(name, request, -fd);
  return { ...request, fd, ...types, ...codecs };
}

/** Makes the map that holds the globals. @param value the type of the section, if there are any */
export function newSection(size: number, btf: number, value: number | undefined): MapInfo {
  const request = {
    name: SECTION,
    type: MapType.ARRAY,
    keySize: 4,
    valueSize: size,
    maxEntries: 1,
  };
  const fd = createMap({
    ...request,
    flags: MMAPABLE,
    ...value !== undefined && { btf: { fd: btf, key: 0, value } },
  });
  if (fd < 0) throw failure("create the map of global variables", -fd);
  return { ...request, fd, keyType: undefined, valueType: undefined };
}

/** Writes the initial values of globals. */
export function setGlobals(
  section: MapInfo,
  globals: ReadonlyMap<string, Global>,
  values: Readonly<Record<string, unknown>>,
  constants: readonly string[],
  name: string,
): void {
  const known = [...globals.keys(), ...constants];
  refuseUnknown(Object.keys(values), known, "global variable", name);
  if (Object.keys(values).length === 0) return;
  const flags = PROT_READ | PROT_WRITE;
  using memory = map("global variables", section.valueSize, flags, MAP_SHARED, section.fd);
  for (const [each, value] of Object.entries(values)) {
    const { offset, codec } = globals.get(each)!;
    try {
      codec.write(new DataView(memory.buffer), offset, value);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new RangeError(`Cannot set global variable "${each}": ${detail}`, { cause });
    }
  }
}

/** @throws {TypeError} for a name that does not exist */
export function refuseUnknown(
  asked: string[],
  known: string[],
  what: string,
  object: string,
): void {
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined) throw notFound(what, unknown, object, known);
}

/** The error for a map that the kernel refused, with the likely reason for EPERM. */
export function failure(action: string, errno: number): BpfError {
  const refused = errno === Errno.EPERM || errno === Errno.EACCES;
  return new BpfError("load", action, errno, refused ? permissionReason() : undefined);
}

function mapFailure(
  name: string,
  { type, maxEntries }: { type: number; maxEntries: number },
  errno: number,
): BpfError {
  const action = `create map "${name}"`;
  if (errno === Errno.EINVAL && type === MapType.RINGBUF) {
    const reason =
      `${maxEntries} bytes: a ring buffer's size is a power of two and a multiple of ` +
      "the page size";
    return new BpfError("load", action, errno, reason);
  }
  return failure(action, errno);
}
