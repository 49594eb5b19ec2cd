/**
 * The main class of the library: a loaded set of programs and maps.
 *
 * @module
 */

import type { Codec } from "../ffi/codec/codec.ts";
import type { EventStream } from "./events/event_stream.ts";
import type { Global } from "./global.ts";
import { type BorrowedFunctions, borrowedFunctions } from "./borrowed_functions.ts";
import { Globals } from "./globals.ts";
import { objectProgram } from "./object/object_program.ts";
import { compileModule, compileModuleAsync } from "./compile/compile.ts";
import type { CompileOptions, CompileSource } from "./compile/compile_options.ts";
import type { Link } from "./base/link.ts";
import { notFound } from "./base/not_found.ts";
import { attachStructOps } from "./attach/struct_ops.ts";
import { MapType } from "./tables/map_type.ts";
import { Maps } from "./maps/open_maps.ts";
import { type LoadedObject, loadObject, type LoadOptions } from "./object/load_object.ts";
import { openObjectFile } from "./object/object_file.ts";
import { newOpenObject, type OpenObject } from "./object/open_object.ts";
import type { KernelCode, TypedAccess } from "./kernel_code.ts";
import type { MapInfo } from "./maps/map_info.ts";
import type { LoadedProgram } from "./loaded_program.ts";
import { newProgram, type Program } from "./program.ts";
import { type EventOptions, openEvents } from "./events/open_events.ts";

/** The functions that a program calls, for kernel code in TypeScript; not part of the API. */
export let borrowFunctions: (bpf: Bpf, program: string) => BorrowedFunctions;

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
export class Bpf extends Maps implements Disposable {
  /** The programs that were loaded, by name. */
  readonly programs: ReadonlyMap<string, Program>;
  /** The names of the maps. */
  readonly mapNames: readonly string[];
  readonly #object: Omit<LoadedObject, "programs">;
  readonly #links = new Set<Link>();
  /** Streams and counters by the map they use. */
  readonly #holders = new Map<Disposable, string>();
  readonly #globals: Globals;
  readonly #loaded: readonly LoadedProgram[];
  #closed = false;

  static {
    borrowFunctions = (bpf, program) => {
      const lender = bpf.#loaded.find(({ name }) => name === program)!;
      return borrowedFunctions(lender, bpf.#object.btf);
    };
  }

  private constructor(object: Omit<LoadedObject, "programs">, programs: readonly LoadedProgram[]) {
    super({
      mapInfo: (name) => this.#mapInfo(name),
      own: (holder, name) => this.#own(holder, name),
    });
    this.#object = object;
    this.#globals = new Globals(object);
    this.#loaded = programs;
    this.programs = new Map(
      programs.map((program) => [program.name, newProgram(program, this.#links)]),
    );
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
  static load(object: Uint8Array, options?: LoadOptions): Bpf;
  /**
   * Compiles functions for this kernel and loads them: see `kernel()` in `kernel.ts`. Maps, events
   * and globals then have the types of the definition.
   *
   * @throws {KernelCodeError} for what cannot be compiled, with its line
   * @throws {VerifierError} when the kernel refuses a program, with the verifier's log
   */
  static load<M, G>(code: KernelCode<M, G>, options?: LoadOptions): TypedAccess<M, G> & Bpf;
  static load(object: Uint8Array | KernelCode<unknown, unknown>, options: LoadOptions = {}): Bpf {
    if (!(object instanceof Uint8Array)) {
      const { object: loaded, programs } = object.load(options);
      return new Bpf(loaded, programs);
    }
    const leftOut = Object.entries(options.programs ?? {}).filter(([, on]) => !on);
    using opened = Bpf.#open(object, options, new Set(leftOut.map(([name]) => name)));
    return opened.load();
  }

  /**
   * Opens an object like {@linkcode Bpf.load} and does not load it yet: types of programs, what they are
   * attached to, sizes of maps, what maps of maps hold and first values can be changed until
   * {@linkcode OpenObject.load}.
   *
   * @throws {BpfError} when it is no object
   * @throws {LibraryError} when libbpf cannot be opened
   *
   * @example A map of a size that only the machine tells
   * ```ts
   * import { Bpf, lruEntries } from "../mod.ts";
   *
   * export function load(object: Uint8Array): Bpf {
   *   using opened = Bpf.open(object);
   *   opened.map("flows").maxEntries = lruEntries(10000);
   *   opened.program("on_packet").autoload = false;
   *   return opened.load();
   * }
   * ```
   */
  static open(object: Uint8Array, options: LoadOptions = {}): OpenObject<Bpf> {
    return Bpf.#open(object, options);
  }

  /** @param leftOut programs that are not loaded, whatever the caller changes before loading */
  static #open(
    object: Uint8Array,
    options: LoadOptions,
    leftOut?: ReadonlySet<string>,
  ): OpenObject<Bpf> {
    const file = openObjectFile(object, options.name ?? "object", leftOut);
    return newOpenObject(file, options, (file) => {
      const loaded = loadObject(file);
      return new Bpf(loaded, loaded.programs.map(objectProgram));
    });
  }

  /**
   * Compiles BPF C as bcc knows it and loads the programs whose names tell their hook, such as
   * `kprobe__vfs_read`; others are loaded when they are attached.
   *
   * Needs libbcc >= 0.26, and a kernel with BTF or the headers of the running kernel.
   *
   * @throws {CompileError} when the text does not compile, with line, column and a caret
   * @throws {VerifierError} when the kernel refuses a program, with the verifier's log
   * @throws {UnsupportedError} when there are no kernel headers and no BTF
   * @throws {LibraryError} when libbcc cannot be opened
   */
  static compile(source: CompileSource, options: CompileOptions = {}): Bpf {
    const module = compileModule(source, options);
    return new Bpf(module.asObject(), module.programs);
  }

  /**
   * Compiles like {@linkcode Bpf.compile}, on another thread: the event loop goes on. Texts are
   * compiled one at a time; what this process writes to standard error meanwhile is held back.
   */
  static async compileAsync(source: CompileSource, options: CompileOptions = {}): Promise<Bpf> {
    const module = await compileModuleAsync(source, options);
    return new Bpf(module.asObject(), module.programs);
  }

  /**
   * Attaches every program where its section says, and registers every struct_ops; all or, when one
   * fails, none. Programs compiled at run time whose names tell no hook are left out.
   */
  attach(): Link[] {
    this.#requireOpen();
    using undo = new DisposableStack();
    // Functions of a struct_ops are registered with it.
    const hooks = [...this.programs.values()]
      .filter(({ section }) => section !== "" && !/^struct_ops(\/|$)/.test(section));
    const links = [
      ...hooks.map((program) => undo.use(program.attach())),
      ...(this.#object.structOps ?? []).map(({ name }) => undo.use(this.attachStructOps(name))),
    ];
    undo.move();
    return links;
  }

  /**
   * Registers a struct_ops, `SEC(".struct_ops")`, with the kernel: a table of functions that it
   * calls, such as a congestion control of TCP. Closing the link unregisters it. Linux < 6.4
   * registers it only once, and keeps it when this process is killed
   * (`bpftool struct_ops unregister`). Needs Linux >= 5.6.
   *
   * @throws {BpfError} EEXIST when the kernel has one of that name
   */
  attachStructOps(name: string): Link {
    this.#requireOpen();
    const { name: object, structOps = [] } = this.#object;
    return attachStructOps(name, structOps, object, this.#links);
  }

  /** The program of that name. @throws {TypeError} naming those there are. */
  program(name: string): Program {
    this.#requireOpen();
    const program = this.programs.get(name);
    if (!program) throw notFound("program", name, this.#object.name, this.programs.keys());
    return program;
  }

  /** The open links, in the order in which they were attached. */
  get links(): readonly Link[] {
    return [...this.#links];
  }

  /** How often the kernel did not run one of the programs: see {@linkcode Program.misses}. */
  get misses(): number {
    this.#requireOpen();
    return this.programs.values().reduce((sum, { misses }) => sum + misses, 0);
  }

  /** The names of the object's global variables. */
  get globalNames(): readonly string[] {
    return this.#globals.names;
  }

  /** The events of a buffer, their codec made from the BTF of the type it declares. */
  events(name: string): EventStream<Record<string, unknown>>;
  /**
   * The events of a ring buffer or a perf buffer.
   *
   * The codec is checked against the value type that the buffer declares in C with
   * `__type(value, struct event)`, or else against the struct of the codec's own name. An object
   * may have neither: then the codec is not checked, unless the option `strict` is set.
   *
   * @throws {LayoutError} when the codec does not match
   * @throws {TypeError} with `strict`, when nothing is there to check it against
   */
  events<T>(name: string, codec: Codec<T>, options?: EventOptions): EventStream<T>;
  events(name: string, codec?: Codec<unknown>, options: EventOptions = {}): EventStream<unknown> {
    const info = this.#mapInfo(name);
    // A second reader of a perf buffer would take the events away from the first.
    if (info.type === MapType.PERF_EVENT_ARRAY && [...this.#holders.values()].includes(name)) {
      throw new TypeError(`Cannot read events of perf buffer "${name}": it is open already`);
    }
    const { btf, isCompiled = false } = this.#object;
    const droppedBy = (buffer: string) => this.#globals.droppedBy(buffer);
    const own = (stream: Disposable) => this.#own(stream, name);
    return openEvents(info, { btf, isCompiled, droppedBy, own }, codec, options);
  }

  /** A live global variable, its codec made from the object's BTF. */
  global(name: string): Global<unknown>;
  /** A live global variable. @throws {LayoutError} when the codec does not match. */
  global<T>(name: string, codec: Codec<T>): Global<T>;
  global(name: string, codec?: Codec<unknown>): Global<unknown> {
    this.#requireOpen();
    const global = this.#globals.open(name, codec);
    if (global) return global;
    throw notFound("global variable", name, this.#object.name, this.#globals.names);
  }

  /** Detaches, unmaps and unloads everything; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const holder of [...this.#holders.keys()]) holder[Symbol.dispose]();
    for (const link of [...this.#links]) link.close();
    this.#globals[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #mapInfo(name: string): MapInfo {
    this.#requireOpen();
    const info = this.#object.maps.find((map) => map.name === name);
    if (!info) throw notFound("map", name, this.#object.name, this.mapNames);
    return info;
  }

  #own(holder: Disposable, name: string): () => void {
    this.#holders.set(holder, name);
    return () => this.#holders.delete(holder);
  }

  #requireOpen(): void {
    if (this.#closed) throw new TypeError(`Cannot use object "${this.#object.name}": it is closed`);
  }
}
