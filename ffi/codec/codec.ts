/**
 * What every codec is: a value that knows one C type's size, alignment and shape, and how to read and write it.
 *
 * @module
 */

/** A C integer: `bool`, `char`, every fixed width, a pointer's target address. */
export interface IntType {
  /** Tells it from other types. */
  readonly kind: "int";
  /** `sizeof`. */
  readonly bytes: 1 | 2 | 4 | 8;
  /** Whether it can be negative. */
  readonly signed: boolean;
  /** How C spells it, for example `__u32`. */
  readonly name: string;
  /** True when the bytes are in network order (`__be16`); absent for the machine's own order. */
  readonly bigEndian?: boolean;
}

/** `float` or `double`. */
export interface FloatType {
  /** Tells it from other types. */
  readonly kind: "float";
  /** `sizeof`. */
  readonly bytes: 4 | 8;
  /** How C spells it: `float`, `double`. */
  readonly name: string;
}

/** Any data pointer: 8 bytes on the 64-bit machines this library serves. */
export interface PointerType {
  /** Tells it from other types. */
  readonly kind: "pointer";
  /** How C spells it: `void *`. */
  readonly name: string;
}

/** An `enum`; `values` maps each enumerator's name to its number. */
export interface EnumType {
  /** Tells it from other types. */
  readonly kind: "enum";
  /** The tag; empty for an anonymous one. */
  readonly name: string;
  /** `sizeof`. */
  readonly bytes: 1 | 2 | 4 | 8;
  /** Whether a value can be negative. */
  readonly signed: boolean;
  /** The number of each enumerator. */
  readonly values: Readonly<Record<string, number>>;
}

/** `element[length]`; a length of 0 is a flexible array member. */
export interface ArrayType {
  /** Tells it from other types. */
  readonly kind: "array";
  /** The type of each element. */
  readonly element: CType;
  /** How many elements there are. */
  readonly length: number;
}

/** One member of a struct or union. */
export interface Member {
  /** Empty for an unnamed bit-field. */
  readonly name: string;
  /** The member's type. */
  readonly type: CType;
  /** Offset from the start of the struct, in bits, as BTF counts it. */
  readonly bitOffset: number;
  /** Width in bits of a bit-field; absent for an ordinary member. */
  readonly bitSize?: number;
  /** Bytes asked for by `__attribute__((aligned(n)))` on the member; absent without one. */
  readonly align?: number;
}

/** A `struct` or `union` with its members at their C offsets. */
export interface CompositeType {
  /** Tells it from other types. */
  readonly kind: "struct" | "union";
  /** The tag; empty for an anonymous one. */
  readonly name: string;
  /** `sizeof`. */
  readonly bytes: number;
  /** Whether it is `__attribute__((packed))`. */
  readonly packed: boolean;
  /** Bytes asked for by `__attribute__((aligned(n)))` on the type; absent without one. */
  readonly align?: number;
  /** Its members, in order. */
  readonly members: readonly Member[];
}

/** The shape of a C type: what a layout check compares and what `toC()` prints. */
export type CType =
  | IntType
  | FloatType
  | PointerType
  | EnumType
  | ArrayType
  | CompositeType;

/**
 * Reads and writes one C type in memory.
 *
 * `read` and `write` are methods, not arrow properties, so that a `Codec<number>` is a `Codec<unknown>`.
 */
export interface Codec<T> {
  /** `sizeof`, in bytes. */
  readonly size: number;
  /** `_Alignof`, in bytes. */
  readonly align: number;
  /** The C type. */
  readonly type: CType;
  /**
   * Reads a value whose first byte is at `offset` of `view`.
   *
   * `end` is the offset just behind the memory that belongs to the value; only a flexible array
   * member looks at it. Without it the value ends at the view's end.
   */
  read(view: DataView, offset: number, end?: number): T;
  /** Writes `value` to `offset`; every byte of `size`, padding included, is written. */
  write(view: DataView, offset: number, value: T): void;
}

/** The TypeScript type that a codec reads: `Infer<typeof Event>`. */
export type Infer<C> = C extends Codec<infer T> ? T : never;
