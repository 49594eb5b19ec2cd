/**
 * Global variables of a loaded object, read and written while it runs.
 *
 * @module
 */

import type { Codec } from "../ffi/codec/codec.ts";
import type { Mapping } from "../ffi/libc/mmap.ts";

/** Creates a {@linkcode Global}; the constructor is private, so its parameters are no API. */
export let newGlobal: <T>(
  ...made: [name: string, mapping: Mapping, offset: number, codec: Codec<T>, constant: boolean]
) => Global<T>;

/**
 * A live global variable: reading and writing access the memory of the kernel's programs, without a
 * system call. Variables that are `const` can only be read after loading.
 *
 * Needs Linux >= 5.5 (mmapable arrays).
 */
export class Global<T> {
  /** The variable's name in C. */
  readonly name: string;
  readonly #mapping: Mapping;
  readonly #offset: number;
  readonly #codec: Codec<T>;
  readonly #constant: boolean;

  /** Made by {@linkcode Bpf.global}. */
  private constructor(
    name: string,
    mapping: Mapping,
    offset: number,
    codec: Codec<T>,
    constant: boolean,
  ) {
    if (offset + codec.size > mapping.buffer.byteLength) {
      throw new RangeError(`Cannot find global variable "${name}": it is not inside its section`);
    }
    this.name = name;
    this.#mapping = mapping;
    this.#offset = offset;
    this.#codec = codec;
    this.#constant = constant;
  }

  static {
    newGlobal = (...made) => new Global(...made);
  }

  /** The value now. */
  get value(): T {
    return this.#codec.read(new DataView(this.#mapping.buffer), this.#offset);
  }

  /** @throws {TypeError} for a variable in read-only data: set it through `globals` at load. */
  set value(value: T) {
    if (this.#constant) {
      throw new TypeError(
        `Cannot write global variable "${this.name}": it is const once loaded: pass it in globals`,
      );
    }
    this.#codec.write(new DataView(this.#mapping.buffer), this.#offset, value);
  }
}
