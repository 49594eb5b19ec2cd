/**
 * Kernel code: functions of TypeScript that run in the kernel, with the maps they use.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import type { LoadOptions } from "../object/load_object.ts";
import type { Bpf } from "../bpf.ts";
import type { KernelCode, LoadedCode, TypedAccess } from "../kernel_code.ts";
import type { Fields, ProgramDefinition } from "./language/hooks.ts";
import { compileProgram } from "./compile_program.ts";
import { compileCode, loadCode, type LoadedKernel, type PlainDefinition } from "./load.ts";
import { shared, type SharedFunctions } from "./language/shared_functions.ts";
import type { UserPart } from "./language/user_parts.ts";
import type { AnyMap, HistogramKey, MapDefinition } from "./language/maps.ts";

/** A map with keys and values, as programs see it. */
export interface EntriesInKernel<K, V> {
  /** The value of a key, undefined if there is none; a struct is a reference into the map. */
  get(key: K): V | undefined;
  /** Like `get`, but a missing key is inserted with that value; undefined if the map is full. */
  getOrInsert(key: K, value: V): V | undefined;
  /** Sets the value of a key; false if the map is full, which is counted as dropped. */
  set(key: K, value: V): boolean;
  /** Removes a key; false if it was not there. */
  delete(key: K): boolean;
  /** Whether there is an entry of that key. */
  has(key: K): boolean;
  /** Adds to the number of a key, inserting it if absent. */
  increment(key: K, by?: number | bigint): void;
}

/** A buffer of events, as programs see it. */
export interface EventsInKernel<T> {
  /** Sends an event; without room it is counted as dropped. */
  emit(event: T): void;
}

/** A histogram, as programs see it. */
export interface HistogramInKernel {
  /** Counts a value; negative ones have slots of their own. */
  record(value: number | bigint): void;
}

/** Histograms by keys, as programs see them. */
export interface HistogramsInKernel<K> {
  /** Counts a value in the histogram of a key; negative ones have slots of their own. */
  record(value: number | bigint, of: K): void;
}

/** Stack traces, as programs see them. */
export interface StacksInKernel {
  /** The id of the kernel stack; negative on failure. */
  kernel(): bigint;
  /** The id of the user stack; negative on failure. */
  user(): bigint;
}

/** An array of cgroups, as programs see it. */
export interface CgroupsInKernel {
  /** Whether the process is in the cgroup with that index, or below it. */
  hasCurrent(index: number): boolean;
}

/** A map, as programs see it. */
export type InKernel<D> = D extends MapDefinition<"entries", infer K, infer V>
  ? EntriesInKernel<K, V>
  : D extends MapDefinition<"events", never, infer T> ? EventsInKernel<T>
  : D extends MapDefinition<"histogram", number, bigint> ? HistogramInKernel
  : D extends MapDefinition<"histogram", HistogramKey<infer K>, bigint> ? HistogramsInKernel<K>
  : D extends MapDefinition<"cgroups", number, never> ? CgroupsInKernel
  : StacksInKernel;

/** What programs use from outside their functions. */
export interface Definition {
  /** The object's name in errors. Default "kernel code". */
  readonly name?: string;
  /** What programs and user space share. */
  readonly maps?: Readonly<Record<string, AnyMap>>;
  /** Variables that programs and user space share; 0 at first, or what `Bpf.load` is given. */
  readonly globals?: Readonly<Record<string, Codec<unknown>>>;
  /** Compile-time constants of programs; `Bpf.load` may override them, like globals. */
  readonly constants?: Readonly<Record<string, number | bigint | boolean | string>>;
  /** Functions that programs share: see {@linkcode functions}. */
  readonly use?: readonly SharedFunctions<unknown>[];
}

/** The maps, globals or constants of a definition. */
export type Part<D, N extends keyof Definition> = N extends keyof D ? NonNullable<D[N]>
  : Record<never, never>;

/** The type of a program's second parameter. */
export type OutsideOf<D> =
  & { readonly [K in keyof Part<D, "maps">]: InKernel<Part<D, "maps">[K]> }
  & {
    -readonly [K in keyof Part<D, "globals">]: Part<D, "globals">[K] extends Codec<infer T> ? T
      : never;
  }
  & Readonly<Part<D, "constants">>
  & Used<D>;

/** All functions in a definition's `use`. */
export type Used<D> = D extends { readonly use: readonly (infer S)[] }
  ? (S extends SharedFunctions<infer F> ? (each: F) => void : never) extends
    (all: infer All) => void ? All
  : never
  : unknown;

/** What `Bpf.load` returns for a definition: its maps, events and globals with their types. */
export type LoadedBy<D> = TypedAccess<Part<D, "maps">, Part<D, "globals">> & Bpf;

/** Programs by name. */
export type Programs<Outside> = Readonly<Record<string, ProgramDefinition<Outside>>>;

/** Options for one load of the code. */
export interface KernelOptions {
  /** Restricts programs to one process. */
  readonly pid?: number | undefined;
  /** Whether undefined maps are created by using them, as in one-liners. */
  readonly makesMaps?: boolean;
  /** The capacity of the stack map. */
  readonly stacks?: number;
}

/** Kernel code that {@linkcode Bpf.load} takes. */
export class Kernel<D> implements KernelCode<Part<D, "maps">, Part<D, "globals">> {
  declare readonly maps: Part<D, "maps">;
  declare readonly globals: Part<D, "globals">;
  readonly #definition: PlainDefinition;
  #loaded: Pick<LoadedKernel, "maps" | "called"> = { maps: new Map(), called: new Map() };

  /** Made by {@linkcode kernel}. */
  constructor(definition: PlainDefinition) {
    this.#definition = definition;
  }

  /**
   * Compiles for the running kernel and loads. For `Bpf.load()`: no part of the API.
   *
   * @ignore
   */
  load(options: LoadOptions): LoadedCode {
    const loaded = loadCode(this.#definition, options, compileProgram);
    this.#loaded = loaded;
    return loaded;
  }

  /** Compiles for the running kernel without loading; returns the programs' names. */
  compile(): string[] {
    return compileCode(this.#definition, compileProgram).map(({ name }) => name);
  }

  /** The maps and buffers of the latest load, for display, including implicitly created ones. */
  get loadedMaps(): ReadonlyMap<string, AnyMap> {
    return this.#loaded.maps;
  }

  /** The methods of those maps that programs call, by the map's name. */
  get calledMethods(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#loaded.called;
  }

  /** What `ts-bcc run` calls before, while and after programs run: see {@linkcode interval}. */
  get userParts(): readonly UserPart<never>[] {
    return this.#definition.user ?? [];
  }

  /**
   * The same code, for one process, or with maps that are created by using them, as in one-liners.
   */
  with(options: KernelOptions): Kernel<D> {
    return new Kernel<D>({ ...this.#definition, ...options });
  }
}

/**
 * Functions that programs share, with the maps, globals and constants that they use. `kernel({ use
 * })` and other `functions({ use })` include them, and their second parameter has them by name.
 * `make` is compiled with the programs and never called; it returns an object of functions.
 *
 * @example What two programs do alike
 * ```ts
 * import { Bpf, u32, u64 } from "../../mod.ts";
 * import { functions, hash, kernel, tracepoint } from "../../kernel.ts";
 *
 * const counting = functions({ maps: { calls: hash(u32, u64) } }, ({ calls }) => ({
 *   count(call: number) {
 *     calls.increment(call);
 *   },
 * }));
 *
 * export function main() {
 *   const code = kernel({ use: [counting] }, {
 *     link: tracepoint("syscalls/sys_enter_link", (_, { count }) => count(1)),
 *     unlink: tracepoint("syscalls/sys_enter_unlink", (_, { count }) => count(2)),
 *   });
 *   using bpf = Bpf.load(code);
 *   bpf.attach();
 * }
 * ```
 */
export function functions<D extends Definition, F extends object>(
  definition: D,
  make: (outside: OutsideOf<D>) => F,
): SharedFunctions<F> {
  return shared(definition, make);
}

/**
 * Kernel code from functions. A function's own text is all that is compiled: what it uses of maps,
 * globals and constants comes as its second parameter, with their types. `user` is for `ts-bcc run`, which
 * calls it in user space: {@linkcode begin}, {@linkcode interval}, {@linkcode end}.
 *
 * @example Opens by program name
 * ```ts
 * import { Bpf, chars, u64 } from "../../mod.ts";
 * import { comm, hash, kernel, tracepoint } from "../../kernel.ts";
 *
 * export function main() {
 *   const opens = kernel({ maps: { counts: hash(chars(16), u64) } }, {
 *     enter: tracepoint("syscalls/sys_enter_openat", (_, { counts }) => counts.increment(comm())),
 *   });
 *   using bpf = Bpf.load(opens);
 *   bpf.attach();
 *   for (const [name, count] of bpf.map("counts")) console.log(name, count);
 * }
 * ```
 */
export function kernel<D extends Definition>(
  definition: D,
  programs: Programs<OutsideOf<D>>,
  user?: readonly UserPart<LoadedBy<D>>[],
): Kernel<D>;
/**
 * Kernel code from one object. TypeScript then cannot infer the type of the functions' second
 * parameter: it is checked when they are compiled.
 */
export function kernel<D extends Definition>(
  definition: D & { readonly programs: Programs<Fields> },
): Kernel<D>;
export function kernel<D extends Definition>(
  definition: D & { readonly programs?: Programs<never> },
  programs: Programs<never> | Programs<OutsideOf<D>> = definition.programs ?? {},
  user: readonly UserPart<LoadedBy<D>>[] = [],
): Kernel<D> {
  return new Kernel<D>({ ...definition, programs: programs as Programs<never>, user });
}
