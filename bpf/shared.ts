/**
 * Using maps, programs and links that somebody else has loaded: by the path where they are pinned,
 * or by the id that {@linkcode loadedMaps} and bpftool show.
 *
 * @module
 */

import type { Codec } from "../ffi/codec/codec.ts";
import { Errno } from "../ffi/libc/errno.ts";
import { type ObjectKind, openId, openPath } from "../ffi/libc/bpf_objects.ts";
import { close, readLink } from "../ffi/libc/files.ts";
import { BpfError, isPrivileged, permissionReason } from "./base/errors.ts";
import { type Link, newLink } from "./base/link.ts";
import type { Btf } from "./btf/btf.ts";
import type { EventStream } from "./events/event_stream.ts";
import { openEvents } from "./events/open_events.ts";
import type { PerfBufferOptions } from "./events/perf_buffer.ts";
import { describedMap } from "./maps/map_details.ts";
import type { MapInfo } from "./maps/map_info.ts";
import { Maps } from "./maps/open_maps.ts";
import { newProgram, type Program } from "./program.ts";

/** A path in a bpf file system, or an id. */
export type ObjectSource = string | number;

/** What to open, under names of your choice. */
export interface SharedSources {
  /** Maps. */
  readonly maps?: Readonly<Record<string, ObjectSource>>;
  /** Programs. */
  readonly programs?: Readonly<Record<string, ObjectSource>>;
  /** Links. */
  readonly links?: Readonly<Record<string, ObjectSource>>;
}

/** Creates a {@linkcode Shared}; the constructor is private, so its parameters are no API. */
let newShared: (sources: SharedSources) => Shared;

/**
 * Maps, programs and links of somebody else. Closing this closes their descriptors: they stay in
 * the kernel while their owners, or pins, hold them.
 *
 * Maps are read as those of an object, with the types in their BTF. Reading BTF, and opening by id,
 * takes CAP_SYS_ADMIN.
 *
 * @example The counts of a program that another process has loaded
 * ```ts
 * import { openShared, u32, u64 } from "../mod.ts";
 *
 * export function main() {
 *   using shared = openShared({ maps: { counts: "/sys/fs/bpf/counts" }, programs: { count: 42 } });
 *   console.log(shared.program("count").info);
 *   for (const [key, value] of shared.map("counts", u32, u64)) console.log(key, value);
 * }
 * ```
 */
export class Shared extends Maps implements Disposable {
  readonly #maps = new Map<string, { info: MapInfo; btf: Btf }>();
  readonly #programs = new Map<string, Program>();
  readonly #links = new Map<string, Link>();
  readonly #attached = new Set<Link>();
  readonly #holders = new Set<Disposable>();
  readonly #fds: number[] = [];
  #closed = false;

  private constructor({ maps = {}, programs = {}, links = {} }: SharedSources) {
    super({
      mapInfo: (name) => this.#found("map", name, this.#maps).info,
      own: (holder) => this.#own(holder),
    });
    using undo = new DisposableStack();
    undo.defer(() => this.close());
    for (const [name, source] of Object.entries(maps)) {
      const fd = this.#open("map", name, source);
      this.#maps.set(name, describedMap(name, fd));
    }
    for (const [name, source] of Object.entries(programs)) {
      this.#programs.set(name, this.#program(name, this.#open("program", name, source)));
    }
    for (const [name, source] of Object.entries(links)) {
      const fd = this.#open("link", name, source);
      this.#links.set(name, newLink(`link "${name}"`, () => {}, fd));
    }
    undo.move();
  }

  static {
    newShared = (sources) => new Shared(sources);
  }

  /** The program of that name: to run, pin or attach it, or to read {@linkcode Program.info}. */
  program(name: string): Program {
    return this.#found("program", name, this.#programs);
  }

  /** The link of that name. Closing it does not detach: {@linkcode Link.detach} does. */
  link(name: string): Link {
    return this.#found("link", name, this.#links);
  }

  /**
   * The events of a ring buffer or a perf buffer. A buffer has one reader: events read here do not
   * reach its owner. @throws {TypeError} for another kind of map
   */
  events<T>(name: string, codec: Codec<T>, options: PerfBufferOptions = {}): EventStream<T> {
    const { info, btf } = this.#found("map", name, this.#maps);
    const owner = { btf, isCompiled: false, own: (stream: Disposable) => this.#own(stream) };
    return openEvents(info, owner, codec, options) as EventStream<T>;
  }

  /** Closes all descriptors, and detaches what was attached here; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const holder of [...this.#holders]) holder[Symbol.dispose]();
    for (const link of [...this.#attached]) link.close();
    for (const fd of this.#fds) close(fd);
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #own(holder: Disposable): () => void {
    this.#holders.add(holder);
    return () => this.#holders.delete(holder);
  }

  #program(name: string, fd: number): Program {
    const unattachable = (): never => {
      throw new TypeError(
        `Cannot attach program "${name}" where its section says: it was loaded by somebody else, and ` +
          "the kernel does not keep sections: use the method of the hook",
      );
    };
    const program = { name, section: "", isLoaded: true, fd: () => fd };
    return newProgram(
      { ...program, attach: unattachable, attachUsdt: unattachable },
      this.#attached,
    );
  }

  #open(kind: ObjectKind, name: string, source: ObjectSource): number {
    const action = typeof source === "string"
      ? `open ${kind} "${name}" pinned at "${source}"`
      : `open ${kind} "${name}" with the id ${source}`;
    const fd = typeof source === "string" ? openPath(source) : openId(kind, source);
    if (fd < 0) throw new BpfError("open", action, -fd, explain(-fd, source));
    this.#fds.push(fd);
    requireKind(kind, fd, action);
    return fd;
  }

  #found<T>(kind: ObjectKind, name: string, known: ReadonlyMap<string, T>): T {
    if (this.#closed) throw new TypeError(`Cannot use ${kind} "${name}": it is closed`);
    const found = known.get(name);
    if (found !== undefined) return found;
    const names = [...known.keys()].join(", ") || "none";
    throw new TypeError(`Cannot find ${kind} "${name}" among what was opened: there is ${names}`);
  }
}

/**
 * Opens maps, programs and links of others: all or, when one cannot be opened, none.
 *
 * @throws {BpfError} ENOENT when there is no such path or id, EINVAL when it is of another kind
 */
export function openShared(sources: SharedSources): Shared {
  return newShared(sources);
}

/** Kinds of objects, by the names of their descriptors in /proc/self/fd. */
const FILES: Readonly<Record<string, ObjectKind>> = {
  "bpf-map": "map",
  "bpf-prog": "program",
  "bpf_link": "link",
  "bpf-link": "link",
};

function kindOf(fd: number): ObjectKind | undefined {
  return FILES[/^anon_inode:\[?([\w-]+)\]?$/.exec(readLink(`/proc/self/fd/${fd}`))?.[1] ?? ""];
}

/** Checks what kind of object was opened by path: a pin may be of any kind. */
function requireKind(kind: ObjectKind, fd: number, action: string): void {
  const is = kindOf(fd);
  if (is === kind) return;
  throw new BpfError("open", action, Errno.EINVAL, `it is a ${is ?? "file of another kind"}`);
}

function explain(errno: number, source: ObjectSource): string | undefined {
  // The kernel answers EACCES also for files outside bpf file systems.
  if (errno === Errno.EACCES && typeof source === "string" && isPrivileged() !== false) {
    return "it is no pinned object: those lie in a bpf file system, usually /sys/fs/bpf";
  }
  if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
  if (errno === Errno.ENOENT) {
    return typeof source === "string" ? "there is no such file" : "there is none with that id";
  }
  if (errno === Errno.EINVAL) {
    return "it is not in a bpf file system, usually /sys/fs/bpf, or this kernel is too old";
  }
  return undefined;
}
