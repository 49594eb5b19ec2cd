/**
 * Maps that belong to no object: the inner maps of maps of maps, and maps to share with other
 * programs.
 *
 * @module
 */

import type { Codec } from "../ffi/codec/codec.ts";
import { createMap } from "../ffi/libc/bpf_syscall.ts";
import { Errno } from "../ffi/libc/errno.ts";
import { close } from "../ffi/libc/files.ts";
import { BpfError, permissionReason } from "./base/errors.ts";
import type { MapInfo } from "./maps/map_info.ts";
import type { KernelObject } from "./maps/object_map.ts";
import { Maps } from "./maps/open_maps.ts";
import { MapType } from "./tables/map_type.ts";

/** A map to make. */
export interface MapSpec {
  /** Its kind. */
  readonly type: MapType;
  /** The codec of its keys; none for a ring buffer, a queue or a stack. */
  readonly key?: Codec<unknown>;
  /** The codec of its values; none for a ring buffer. */
  readonly value?: Codec<unknown>;
  /** The number of entries; for a ring buffer its size in bytes. */
  readonly maxEntries: number;
  /** Flags: BPF_F_NO_PREALLOC (1) and others. */
  readonly flags?: number;
  /** For a map of maps: a map like those that it will hold. Its value is then a `u32`. */
  readonly inner?: KernelObject;
}

/** Creates {@linkcode CreatedMaps}; the constructor is private, so its parameters are no API. */
let newCreatedMaps: (specs: Readonly<Record<string, MapSpec>>) => CreatedMaps;

/**
 * Maps made by {@linkcode createMaps}. Closing this closes their descriptors; the kernel keeps a
 * map while another map, a program or a pin refers to it.
 */
export class CreatedMaps extends Maps implements Disposable {
  /** The names of the maps. */
  readonly mapNames: readonly string[];
  readonly #infos = new Map<string, MapInfo>();
  readonly #holders = new Set<Disposable>();
  #closed = false;

  private constructor(specs: Readonly<Record<string, MapSpec>>) {
    super({
      mapInfo: (name) => this.#info(name),
      own: (holder) => {
        this.#holders.add(holder);
        return () => this.#holders.delete(holder);
      },
    });
    using undo = new DisposableStack();
    undo.defer(() => this.close());
    for (const [name, spec] of Object.entries(specs)) this.#infos.set(name, make(name, spec));
    this.mapNames = [...this.#infos.keys()];
    undo.move();
  }

  static {
    newCreatedMaps = (specs) => new CreatedMaps(specs);
  }

  /** Closes their descriptors; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const holder of [...this.#holders]) holder[Symbol.dispose]();
    for (const { fd } of this.#infos.values()) close(fd);
  }

  /** Closes them at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #info(name: string): MapInfo {
    if (this.#closed) throw new TypeError(`Cannot use map "${name}": it is closed`);
    const info = this.#infos.get(name);
    if (info) return info;
    const names = this.mapNames.join(", ") || "none";
    throw new TypeError(`Cannot find map "${name}" among what was made: there is ${names}`);
  }
}

/**
 * Creates maps: all or, when one cannot be created, none. The kernel truncates their names to 15
 * characters.
 *
 * @throws {BpfError} EINVAL when the kernel has no such map
 *
 * @example A map of maps gets a new map for each process
 * ```ts
 * import { Bpf, createMaps, u32, u64 } from "../mod.ts";
 *
 * export function watch(bpf: Bpf, pid: number) {
 *   const maps = createMaps({ counts: { type: "HASH", key: u32, value: u64, maxEntries: 1024 } });
 *   const counts = maps.map("counts", u32, u64);
 *   bpf.mapOfMaps("by_process", u32).set(pid, counts);
 *   return counts;
 * }
 * ```
 */
export function createMaps(maps: Readonly<Record<string, MapSpec>>): CreatedMaps {
  return newCreatedMaps(maps);
}

function make(name: string, spec: MapSpec): MapInfo {
  const { type, key, value, maxEntries, flags = 0, inner } = spec;
  if (!Object.hasOwn(MapType, type)) {
    const known = Object.keys(MapType).join(", ");
    throw new TypeError(`Cannot make map "${name}" of type "${type}": there is ${known}`);
  }
  const isWhole = Number.isInteger(maxEntries) && maxEntries >= 0 && maxEntries < 2 ** 32;
  if (!isWhole) {
    throw new RangeError(
      `Cannot make map "${name}" for ${maxEntries} entries: expected a whole number below 2^32`,
    );
  }
  const request = {
    name,
    type: MapType[type],
    keySize: key?.size ?? 0,
    valueSize: value?.size ?? (inner ? 4 : 0),
    maxEntries,
  };
  const fd = createMap({ ...request, flags, ...inner ? { inner: inner.fd } : {} });
  if (fd < 0) throw new BpfError("create", `make map "${name}"`, -fd, explain(-fd, spec));
  return { ...request, fd, keyType: key?.type, valueType: value?.type };
}

function explain(errno: number, { type, maxEntries }: MapSpec): string | undefined {
  switch (errno) {
    case Errno.EPERM:
    case Errno.EACCES:
      return permissionReason();
    case Errno.EINVAL:
      return type === "RINGBUF" || type === "USER_RINGBUF"
        ? `${maxEntries} bytes: a ring buffer's size is a power of two and a multiple of the page size`
        : `a ${type} map cannot have such keys, values, number of entries or flags, or this kernel has none`;
    case Errno.E2BIG:
    case Errno.ENOMEM:
      return `${maxEntries} entries are too many`;
    case Errno.EBADF:
      return `a ${type} map needs an inner map as an example`;
    default:
      return undefined;
  }
}
