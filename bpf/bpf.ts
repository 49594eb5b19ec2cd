/**
 * A loaded set of programs and maps: the centre of the library.
 *
 * @module
 */

import type { Codec } from "../ffi/codec/codec.ts";
import { u64 } from "../ffi/codec/mod.ts";
import { map, MAP_SHARED, type Mapping, PROT_READ, PROT_WRITE } from "../ffi/libc.ts";
import { EventStream } from "./events.ts";
import { Global } from "./global.ts";
import { BtfKind } from "./btf.ts";
import { bytesType, checkLayout, codecFor } from "./layout.ts";
import type { Link } from "./link.ts";
import { BpfMap, perCpu } from "./map.ts";
import { isPerCpu, MapType, mapTypeName } from "./map_type.ts";
import { type LoadedObject, loadObject, type LoadOptions } from "./object_file.ts";
import type { MapInfo } from "./map_setup.ts";
import { Program } from "./program.ts";
import { RingBuffer } from "./ring_buffer.ts";

/**
 * Programs and maps in the kernel.
 *
 * Closing it detaches its links, closes its streams and unloads its programs; `using` does so at
 * the end of the block.
 *
 * @example Events of a precompiled object
 * ```ts
 * import { Bpf, chars, struct, u32 } from "../mod.ts";
 *
 * const Event = struct("event", { pid: u32, comm: chars(16) });
 *
 * export async function main(object: Uint8Array) {
 *   using bpf = Bpf.load(object, { globals: { target_pid: 42 } });
 *   bpf.attach();
 *   for await (const event of bpf.events("events", Event)) console.log(event.pid, event.comm);
 * }
 * ```
 */
export class Bpf implements Disposable {
  /** The programs that were loaded, by name. */
  readonly programs: ReadonlyMap<string, Program>;
  /** The names of the maps. */
  readonly mapNames: readonly string[];
  readonly #object: LoadedObject;
  readonly #links = new Set<Link>();
  readonly #streams = new Set<Disposable>();
  readonly #sections = new Map<string, Mapping>();
  #closed = false;

  private constructor(object: LoadedObject) {
    this.#object = object;
    const programs = object.programs.map((handle) => new Program(handle, this.#links));
    this.programs = new Map(programs.map((program) => [program.name, program]));
    this.mapNames = object.maps.map((map) => map.name);
  }

  /**
   * Loads an object compiled with `clang -target bpf -g` and relocates it for this kernel.
   *
   * Needs libbpf >= 1.0 and, for programs that read kernel structs, a kernel with BTF.
   *
   * @throws {VerifierError} when the kernel refuses a program, with the verifier's log
   * @throws {UnsupportedError} when the kernel lacks something the object needs
   * @throws {BpfError} for anything else libbpf or the kernel refuses
   * @throws {LibraryError} when libbpf cannot be opened
   */
  static load(object: Uint8Array, options: LoadOptions = {}): Bpf {
    return new Bpf(loadObject(object, options));
  }

  /** Attaches every program where its section says; all or, when one fails, none. */
  attach(): Link[] {
    this.#requireOpen();
    const links: Link[] = [];
    try {
      for (const program of this.programs.values()) links.push(program.attach());
      return links;
    } catch (error) {
      for (const link of links) link.close();
      throw error;
    }
  }

  /** The program of that name. @throws {TypeError} naming those there are. */
  program(name: string): Program {
    this.#requireOpen();
    const program = this.programs.get(name);
    if (!program) throw new TypeError(this.#absent("program", name, [...this.programs.keys()]));
    return program;
  }

  /** A hash or array map, its codecs made from the object's BTF. */
  map(name: string): BpfMap<unknown, unknown>;
  /**
   * A hash or array map with these codecs, checked against the object's BTF.
   *
   * @throws {LayoutError} when a codec does not match
   */
  map<K, V>(name: string, key: Codec<K>, value: Codec<V>): BpfMap<K, V>;
  map(name: string, key?: Codec<unknown>, value?: Codec<unknown>): BpfMap<unknown, unknown> {
    const info = this.#map(name);
    if (isPerCpu(info.type)) {
      throw new TypeError(
        `Cannot open map "${name}" as one value per key: it is a ${mapTypeName(info.type)} map: ` +
          "open it with perCpuMap()",
      );
    }
    return new BpfMap(info, this.#codec(info, "key", key), this.#codec(info, "value", value));
  }

  /** A per-CPU map, its codecs made from the object's BTF. */
  perCpuMap(name: string): BpfMap<unknown, unknown[]>;
  /**
   * A per-CPU map: values are arrays with one element per possible CPU.
   *
   * @throws {LayoutError} when a codec does not match
   */
  perCpuMap<K, V>(name: string, key: Codec<K>, value: Codec<V>): BpfMap<K, V[]>;
  perCpuMap(
    name: string,
    key?: Codec<unknown>,
    value?: Codec<unknown>,
  ): BpfMap<unknown, unknown[]> {
    const info = this.#map(name);
    if (!isPerCpu(info.type)) {
      throw new TypeError(
        `Cannot open map "${name}" as per-CPU: it is a ${
          mapTypeName(info.type)
        } map: open it with map()`,
      );
    }
    const valueCodec = perCpu(this.#codec(info, "value", value));
    return new BpfMap(info, this.#codec(info, "key", key), valueCodec);
  }

  /** The events of a ring buffer, their codec made from the BTF of the type it declares. */
  events(name: string): EventStream<Record<string, unknown>>;
  /**
   * The events of a ring buffer.
   *
   * The codec is checked against the value type that the ring buffer declares in C, or else
   * against the struct of the codec's own name.
   *
   * @throws {LayoutError} when the codec does not match, or nothing is there to check it against
   */
  events<T>(name: string, codec: Codec<T>): EventStream<T>;
  events(name: string, codec?: Codec<unknown>): EventStream<unknown> {
    const info = this.#map(name);
    if (info.type !== MapType.RINGBUF) {
      throw new TypeError(
        `Cannot read events from map "${name}": it is a ${
          mapTypeName(info.type)
        } map, not a ring buffer`,
      );
    }
    const eventCodec = this.#eventCodec(info, codec);
    const lost = this.#object.globals.some((global) => global.name === `${name}_lost`)
      ? this.global(`${name}_lost`, u64)
      : undefined;
    const ring = new RingBuffer(info.fd, info.maxEntries);
    const stream: EventStream<unknown> = new EventStream(
      ring,
      eventCodec,
      lost,
      () => this.#streams.delete(stream),
    );
    this.#streams.add(stream);
    return stream;
  }

  /** A live global variable, its codec made from the object's BTF. */
  global(name: string): Global<unknown>;
  /** A live global variable. @throws {LayoutError} when the codec does not match. */
  global<T>(name: string, codec: Codec<T>): Global<T>;
  global(name: string, codec?: Codec<unknown>): Global<unknown> {
    this.#requireOpen();
    const found = this.#object.globals.find((global) => global.name === name);
    if (!found) {
      const names = this.#object.globals.map((global) => global.name);
      throw new TypeError(this.#absent("global variable", name, names));
    }
    const type = this.#object.btf.type(found.type)!;
    if (codec) checkLayout(`global variable "${name}"`, codec.type, type);
    const constant = found.section.name.includes(".rodata");
    const mapping = this.#section(found.section, constant);
    return new Global(name, mapping, found.offset, codec ?? codecFor(type), constant);
  }

  /** Detaches, unmaps and unloads everything; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stream of [...this.#streams]) stream[Symbol.dispose]();
    for (const link of [...this.#links]) link.close();
    for (const mapping of this.#sections.values()) mapping.close();
    this.#object[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #map(name: string): MapInfo {
    this.#requireOpen();
    const info = this.#object.maps.find((map) => map.name === name);
    if (!info) throw new TypeError(this.#absent("map", name, [...this.mapNames]));
    return info;
  }

  #codec(info: MapInfo, part: "key" | "value", given?: Codec<unknown>): Codec<unknown> {
    const declared = part === "key" ? info.keyType : info.valueType;
    const size = part === "key" ? info.keySize : info.valueSize;
    if (!given && !declared) {
      throw new TypeError(
        `Cannot read map "${info.name}": the object does not declare its ${part} type: pass codecs`,
      );
    }
    // Without a declaration the size is all there is to check.
    if (given) {
      checkLayout(`${part}s of map "${info.name}"`, given.type, declared ?? bytesType(size));
    }
    return given ?? codecFor(declared!);
  }

  #eventCodec(info: MapInfo, codec: Codec<unknown> | undefined): Codec<unknown> {
    const declared = info.valueType ?? this.#structNamed(codec);
    if (!declared) {
      throw new TypeError(
        `Cannot read events of ring buffer "${info.name}": the object does not tell their type: ` +
          `declare it in the map with __type(value, …), or name a struct of the object in the codec`,
      );
    }
    if (codec) checkLayout(`events of ring buffer "${info.name}"`, codec.type, declared);
    return codec ?? codecFor(declared);
  }

  #structNamed(codec: Codec<unknown> | undefined) {
    if (codec?.type.kind !== "struct" && codec?.type.kind !== "union") return codec?.type;
    const { btf } = this.#object;
    const id = btf.find(codec.type.name, BtfKind.STRUCT, BtfKind.UNION);
    return id === undefined ? undefined : btf.type(id);
  }

  #section(info: MapInfo, constant: boolean): Mapping {
    let mapping = this.#sections.get(info.name);
    if (!mapping) {
      const protection = constant ? PROT_READ : PROT_READ | PROT_WRITE;
      mapping = map(`section ${info.name}`, info.valueSize, protection, MAP_SHARED, info.fd);
      this.#sections.set(info.name, mapping);
    }
    return mapping;
  }

  #absent(what: string, name: string, known: string[]): string {
    const has = known.length > 0 ? known.join(", ") : "none";
    return `Cannot find ${what} "${name}" in object "${this.#object.name}": it has ${has}`;
  }

  #requireOpen(): void {
    if (this.#closed) throw new TypeError(`Cannot use object "${this.#object.name}": it is closed`);
  }
}
