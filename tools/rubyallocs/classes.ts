/**
 * Reads the names of classes from the memory of a running Ruby, as `Module#to_s` returns them.
 *
 * @module
 */

import { BpfError, decodeText, type ProcessMemory } from "../../mod.ts";
import {
  EMBED_LENGTH_MASK,
  EMBED_LENGTH_SHIFT,
  ENTRIES,
  ENTRIES_BOUND,
  ENTRIES_START,
  ENTRY_SIZE,
  FL_SINGLETON,
  KLASS,
  LENGTH,
  NEXT_ID,
  NOEMBED,
  POINTER,
  type RubyLayout,
  T_CLASS,
  T_ICLASS,
  T_MASK,
  T_MODULE,
  T_STRING,
} from "../../toolkit/languages/ruby_layout.ts";

const TEXT_MAX = 4096;
const VARIABLES_MAX = 4096;
/** Limit: singleton classes can be nested, and memory read while it changes may form a cycle. */
const DEPTH_MAX = 8;

/** Names the classes of one process. */
export class RubyClasses {
  readonly #memory: ProcessMemory;
  readonly #layout: RubyLayout;
  /** The id of `__classpath__`; 0 in versions that keep class paths outside instance variables. */
  readonly pathId: bigint;

  /**
   * @param object the address of the class Object
   * @throws {RangeError} when the assumed layout does not lead to its name
   */
  constructor(memory: ProcessMemory, layout: RubyLayout, object: bigint) {
    this.#memory = memory;
    this.#layout = layout;
    this.pathId = layout.path > 0
      ? 0n
      : this.#variables(object).find(([, value]) => this.#text(value) === "Object")?.[0] ?? 0n;
    if (this.#path(object) !== "Object") {
      throw new RangeError("Cannot name classes: this Ruby's structures are laid out otherwise");
    }
  }

  /** The id of `__tmp_classpath__`, which has the name of a class while it is anonymous. */
  get temporaryPathId(): bigint {
    return this.pathId === 0n ? 0n : this.pathId + NEXT_ID;
  }

  /** The name of the class at an address; undefined if it cannot be read. */
  name(klass: bigint): string | undefined {
    try {
      return this.#name(klass, 0);
    } catch (error) {
      // The class was garbage collected, or the process has ended.
      if (error instanceof BpfError || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** The address of the class's allocator function. */
  allocator(klass: bigint): bigint {
    return this.#word(this.#ext(klass), this.#layout.allocator);
  }

  #name(klass: bigint, depth: number): string | undefined {
    const flags = this.#memory.word(klass);
    const type = flags & T_MASK;
    if (depth > DEPTH_MAX) return undefined;
    if (type === T_ICLASS) return this.#name(this.#word(klass, KLASS), depth + 1);
    if (type !== T_CLASS && type !== T_MODULE) return undefined;
    if (type === T_CLASS && flags & FL_SINGLETON) return this.#singletonName(klass, depth);
    return this.#path(klass) ?? anonymous(type === T_CLASS ? "Class" : "Module", klass);
  }

  #singletonName(klass: bigint, depth: number): string | undefined {
    const object = this.#layout.attached > 0
      ? this.#word(this.#ext(klass), this.#layout.attached)
      : this.#variables(klass).map(([, value]) => value).find((value) =>
        isAddress(value) && this.#word(value, KLASS) === klass
      );
    if (object === undefined) return undefined;
    const type = this.#memory.word(object) & T_MASK;
    if (type === T_CLASS || type === T_MODULE) {
      return `#<Class:${this.#name(object, depth + 1) ?? address(object)}>`;
    }
    // A singleton class of another object: follows superclasses to its real class.
    let real = this.#word(klass, KLASS * 2);
    while (this.#memory.word(real) & FL_SINGLETON || this.#type(real) === T_ICLASS) {
      real = this.#word(real, KLASS * 2);
      if (++depth > DEPTH_MAX) return undefined;
    }
    return `#<Class:#<${this.#name(real, depth + 1)}:${address(object)}>>`;
  }

  #path(klass: bigint): string | undefined {
    const { path } = this.#layout;
    if (path > 0) return this.#text(this.#word(this.#ext(klass), path));
    const variables = this.#variables(klass);
    const find = (id: bigint) => variables.find(([key]) => key === id)?.[1];
    const value = find(this.pathId) ?? find(this.temporaryPathId);
    return value === undefined ? undefined : this.#text(value);
  }

  /** Instance variables by id. */
  #variables(klass: bigint): (readonly [id: bigint, value: bigint])[] {
    const table = this.#word(this.#ext(klass), this.#layout.variables);
    if (table === 0n) return [];
    const start = this.#word(table, ENTRIES_START);
    const count = Number(this.#word(table, ENTRIES_BOUND) - start);
    if (count < 0 || count > VARIABLES_MAX) return [];
    const entries = this.#word(table, ENTRIES) + start * BigInt(ENTRY_SIZE);
    const view = new DataView(this.#memory.read(entries, count * ENTRY_SIZE).buffer);
    const word = (at: number) => view.getBigUint64(at, true);
    return Array.from(
      { length: count },
      (_, i) => [word(i * ENTRY_SIZE + 8), word(i * ENTRY_SIZE + 16)] as const,
    );
  }

  /** The text of a String; undefined for any other value. */
  #text(value: bigint): string | undefined {
    if (!isAddress(value) || this.#type(value) !== T_STRING) return undefined;
    const flags = this.#memory.word(value);
    const outside = flags & NOEMBED;
    const length = outside || !this.#layout.lengthInFlags
      ? Number(this.#word(value, LENGTH))
      : Number(flags >> EMBED_LENGTH_SHIFT & EMBED_LENGTH_MASK);
    if (length < 1 || length > TEXT_MAX) return undefined;
    const start = outside ? this.#word(value, POINTER) : value + BigInt(this.#layout.text);
    return decodeText(new DataView(this.#memory.read(start, length).buffer), 0, length);
  }

  #ext(klass: bigint): bigint {
    const { ext, extIsPointer } = this.#layout;
    return extIsPointer ? this.#word(klass, ext) : klass + BigInt(ext);
  }

  #type(object: bigint): bigint {
    return this.#memory.word(object) & T_MASK;
  }

  #word(object: bigint, offset: number): bigint {
    return this.#memory.word(object + BigInt(offset));
  }
}

/** False for immediate values (numbers, nil, true): small or unaligned (special_consts.h). */
const isAddress = (value: bigint) => value > 0xfffn && (value & 7n) === 0n;

/** An address as Ruby writes it. */
export function address(value: bigint): string {
  return `0x${value.toString(16).padStart(16, "0")}`;
}

/** Ruby's name for an anonymous class or module. */
export function anonymous(kind: "Class" | "Module", klass: bigint): string {
  return `#<${kind}:${address(klass)}>`;
}
