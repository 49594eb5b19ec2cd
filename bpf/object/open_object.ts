/**
 * A compiled object between opening and loading.
 *
 * @module
 */

import type { ObjectFile } from "./object_file.ts";
import { notFound } from "../base/not_found.ts";
import {
  initialValue,
  type InitialVariable,
  setInitialValue,
  variablesOf,
} from "./initial_values.ts";
import { newOpenMap, type OpenMap } from "./open_map.ts";
import { newOpenProgram, type OpenProgram } from "./open_program.ts";
import type { LoadOptions } from "./load_object.ts";

/** Creates an {@linkcode OpenObject}; the constructor is private, so its parameters are no API. */
export let newOpenObject: <T>(
  ...made: [file: ObjectFile, options: LoadOptions, load: (file: ObjectFile) => T]
) => OpenObject<T>;

/**
 * An object that is not loaded yet, returned by {@linkcode Bpf.open}. Its programs and maps can be
 * changed until it is loaded.
 */
export class OpenObject<T> implements Disposable {
  /** The object's name in errors. */
  readonly name: string;
  /** Its programs by name, in the order of the object. */
  readonly programs: ReadonlyMap<string, OpenProgram>;
  /** Its maps by name; those of data sections are called `NAME.rodata` and the like. */
  readonly maps: ReadonlyMap<string, OpenMap>;
  readonly #file: ObjectFile;
  readonly #load: (file: ObjectFile) => T;
  readonly #variables: ReadonlyMap<string, InitialVariable>;
  #state: "open" | "loaded already" | "closed" = "open";

  /** Made by {@linkcode Bpf.open}. */
  private constructor(file: ObjectFile, options: LoadOptions, load: (file: ObjectFile) => T) {
    this.name = file.name;
    this.#file = file;
    this.#load = load;
    this.#variables = variablesOf(file);
    const owner = {
      requireOpen: (action: string) => this.#requireOpen(action),
      keep: (holder: Disposable) => file.keep(holder),
    };
    this.programs = new Map(
      file.programs.map((program) => [program.name, newOpenProgram(program, owner)]),
    );
    this.maps = new Map(file.maps.map((map) => [map.name, newOpenMap(map, owner, file.name)]));
    try {
      this.#configure(options);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  static {
    newOpenObject = (...made) => new OpenObject(...made);
  }

  /** The program of that name. @throws {TypeError} naming those there are */
  program(name: string): OpenProgram {
    return this.#found("program", name, this.programs);
  }

  /** The map of that name. @throws {TypeError} naming those there are */
  map(name: string): OpenMap {
    return this.#found("map", name, this.maps);
  }

  /** The names of the global variables. */
  get globalNames(): readonly string[] {
    return [...this.#variables.keys()];
  }

  /** A global variable's initial value, according to its type in C. */
  global(name: string): unknown {
    this.#requireOpen(`read global variable "${name}"`);
    return initialValue(this.#found("global variable", name, this.#variables), this.#file.btf);
  }

  /**
   * Sets a global variable's initial value; `const` ones keep it. The verifier prunes code that it
   * makes unreachable. @throws {RangeError} when it does not fit the variable's type
   */
  setGlobal(name: string, value: unknown): this {
    this.#requireOpen(`set global variable "${name}"`);
    const variable = this.#found("global variable", name, this.#variables);
    setInitialValue(variable, this.#file.btf, value);
    return this;
  }

  /**
   * Loads it into the kernel, once, relocated for this kernel. If that fails, nothing is left
   * behind.
   *
   * @throws {VerifierError} when the kernel refuses a program, with the verifier's log
   * @throws {UnsupportedError} when the kernel lacks something the object needs
   * @throws {BpfError} for anything else libbpf or the kernel refuses
   */
  load(): T {
    this.#requireOpen(`load object "${this.name}"`);
    this.#state = "loaded already";
    return this.#load(this.#file);
  }

  /** Frees an object that was not loaded; idempotent, and without effect once it is loaded. */
  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    this.#file[Symbol.dispose]();
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #configure({ programs = {}, maps = {}, globals = {} }: LoadOptions): void {
    for (const [name, on] of Object.entries(programs)) this.program(name).autoload = on;
    for (const [name, { maxEntries, pinned }] of Object.entries(maps)) {
      const map = this.map(name);
      if (maxEntries !== undefined) map.maxEntries = maxEntries;
      if (pinned !== undefined) map.reuse(pinned);
    }
    for (const [name, value] of Object.entries(globals)) this.setGlobal(name, value);
  }

  #requireOpen(action: string): void {
    if (this.#state === "open") return;
    throw new TypeError(`Cannot ${action}: the object is ${this.#state}`);
  }

  #found<T>(what: string, name: string, known: ReadonlyMap<string, T>): T {
    const found = known.get(name);
    if (found !== undefined) return found;
    throw notFound(what, name, this.name, known.keys());
  }
}
