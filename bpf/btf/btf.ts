/**
 * Reads BTF, the type information that objects and kernels carry.
 *
 * Layout: Documentation/bpf/btf.rst and include/uapi/linux/btf.h of the kernel. Only what this
 * library needs is here: types by name, their members, and the shape a codec is checked against.
 * Relocation and everything else is libbpf's.
 *
 * @module
 */

import { decodeText } from "../../ffi/codec/mod.ts";
import type { CType } from "../../ffi/codec/codec.ts";
import {
  BtfKind,
  FIXED_WORDS,
  MAGIC,
  MODIFIERS,
  PART_WORDS,
  TRAILERS,
  TYPE_SIZE,
} from "./btf_format.ts";
import { BtfIndex } from "./btf_index.ts";
import { BtfNames } from "./btf_names.ts";
import { shapeOf } from "./btf_shape.ts";

export { BtfKind, MAGIC, MODIFIERS, TRAILERS, TYPE_SIZE } from "./btf_format.ts";

const [INT_SIGNED, INT_BOOL] = [1, 4];

/** A variable of a data section. */
export interface Variable {
  readonly name: string;
  /** BTF type id of the variable's type. */
  readonly type: number;
  /** Bytes from the start of the section. */
  readonly offset: number;
  readonly size: number;
}

/** A member whose type is given by its id. */
export interface RawMember {
  /** Empty for an anonymous struct or union. */
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  /** Width in bits of a bit-field, 0 for an ordinary member. */
  readonly bitSize: number;
}

/** The types of one BTF blob; type ids start at 1, 0 is void. */
export class Btf {
  readonly #view: DataView;
  readonly #strings: number;
  readonly #stringsEnd: number;
  readonly #types: number;
  readonly #index: BtfIndex;

  /** Objects' BTF goes through `checkBtf` first. @throws {RangeError} for anything but BTF. */
  constructor(bytes: Uint8Array) {
    const view = this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (view.getUint16(0, true) !== MAGIC) {
      throw new RangeError("Cannot read BTF: it does not begin with BTF's magic number");
    }
    const header = view.getUint32(4, true);
    this.#types = header + view.getUint32(8, true);
    this.#strings = header + view.getUint32(16, true);
    this.#stringsEnd = this.#strings + view.getUint32(20, true);
    const end = this.#types + view.getUint32(12, true);
    this.#index = new BtfIndex(bytes.subarray(this.#types, end));
  }

  /** BTF without any types. */
  static empty(): Btf {
    const header = new DataView(new ArrayBuffer(24));
    header.setUint16(0, MAGIC, true);
    header.setUint32(4, header.byteLength, true);
    return new Btf(new Uint8Array(header.buffer));
  }

  /** The whole blob, as it was read. */
  bytes(): Uint8Array<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = this.#view;
    return new Uint8Array(buffer, byteOffset, byteLength).slice();
  }

  /** How many types there are, void not counted. */
  get length(): number {
    this.#index.visitAll();
    return this.#index.visited - 1;
  }

  kind(id: number): number {
    return id === 0 ? BtfKind.VOID : this.#info(id) >>> 24 & 31;
  }

  name(id: number): string {
    return id === 0 ? "void" : this.string(this.#view.getUint32(this.#at(id), true));
  }

  /** The id of the first type of that name and one of those kinds. */
  find(name: string, ...kinds: number[]): number | undefined {
    return this.named([name], ...kinds).get(name)?.[0];
  }

  /** The ids of all types of these kinds by name; kinds that {@linkcode BtfIndex} indexes only. */
  named(names: Iterable<string>, ...kinds: number[]): Map<string, number[]> {
    return this.recognize(names).types(this.#index, kinds);
  }

  /** The first enum that has each of these enumerators. */
  enumsWith(enumerators: Iterable<string>): Map<string, number> {
    return this.recognize(enumerators).enums(this.#index);
  }

  /** The ids of functions by name; {@linkcode Btf.find} does not find functions. */
  functions(names: Iterable<string>): Map<string, number> {
    return this.recognize(names).functions(this.#index);
  }

  /** What a function prototype takes, in order. */
  parameters(id: number): { readonly name: string; readonly type: number }[] {
    return this.#each(id, (at) => ({
      name: this.string(this.#view.getUint32(at, true)),
      type: this.#view.getUint32(at + 4, true),
    }));
  }

  /** Whether an integer type is a boolean, and whether it is signed. */
  encoding(id: number): { readonly isBool: boolean; readonly isSigned: boolean } {
    const encoding = this.#view.getUint32(this.#at(id) + TYPE_SIZE, true) >>> 24 & 15;
    return { isBool: (encoding & INT_BOOL) !== 0, isSigned: (encoding & INT_SIGNED) !== 0 };
  }

  /** Whether an enum's values are signed. */
  isSignedEnum(id: number): boolean {
    return this.#info(id) >>> 31 === 1;
  }

  /** Matches string offsets of this blob against a set of names. */
  recognize(names: Iterable<string>): BtfNames {
    const length = this.#stringsEnd - this.#strings;
    const start = this.#view.byteOffset + this.#strings;
    return new BtfNames(new Uint8Array(this.#view.buffer, start, length), names);
  }

  /** A type's record in the blob: struct btf_type and the data behind it, as 32-bit words. */
  words(id: number): Int32Array {
    const { words } = this.#index;
    const start = this.#start(id);
    const info = words[start + 1]!;
    const kind = info >>> 24 & 31;
    const length = FIXED_WORDS[kind]! + PART_WORDS[kind]! * (info & 0xffff);
    return words.subarray(start, start + length);
  }

  /** The string at an offset of the string section. */
  string(offset: number): string {
    const start = this.#strings + offset;
    let end = start;
    while (end < this.#stringsEnd && this.#view.getUint8(end) !== 0) end++;
    return decodeText(this.#view, start, end - start);
  }

  /** The type that a typedef, qualifier, pointer or array refers to. */
  target(id: number): number {
    if (this.kind(id) === BtfKind.ARRAY) {
      return this.#view.getUint32(this.#at(id) + TYPE_SIZE, true);
    }
    return this.#word(id);
  }

  /** How many elements an array has. */
  arrayLength(id: number): number {
    return this.#view.getUint32(this.#at(id) + TYPE_SIZE + 8, true);
  }

  /** sizeof, for the kinds of types that have one of their own. */
  size(id: number): number {
    return this.#word(id);
  }

  /** The members of a struct or union, their types as ids. */
  members(id: number): RawMember[] {
    return Array.from({ length: this.#info(id) & 0xffff }, (_, index) => this.member(id, index)!);
  }

  /** One member of a struct or union; undefined when there are fewer. */
  member(id: number, index: number): RawMember | undefined {
    const info = this.#info(id);
    if (!(index < (info & 0xffff))) return undefined;
    const at = this.#at(id) + TYPE_SIZE + index * TRAILERS[BtfKind.STRUCT]![1];
    const bitFields = info >>> 31 === 1;
    const offset = this.#view.getUint32(at + 8, true);
    return {
      name: this.string(this.#view.getUint32(at, true)),
      type: this.#view.getUint32(at + 4, true),
      bitOffset: bitFields ? offset & 0xffffff : offset,
      bitSize: bitFields ? offset >>> 24 : 0,
    };
  }

  /** Follows typedefs and qualifiers to the type behind them. */
  resolve(id: number): number {
    while (MODIFIERS.has(this.kind(id))) id = this.#word(id);
    return id;
  }

  /** The variables of a data section such as `.rodata`; none when there is no such section. */
  variables(section: string): Variable[] {
    const id = this.find(section, BtfKind.DATASEC);
    if (id === undefined) return [];
    return this.#each(id, (at) => {
      const variable = this.#view.getUint32(at, true);
      return {
        name: this.name(variable),
        type: this.#word(variable),
        offset: this.#view.getUint32(at + 4, true),
        size: this.#view.getUint32(at + 8, true),
      };
    });
  }

  /** The shape of a type, typedefs and qualifiers resolved; undefined for functions and void. */
  type(id: number): CType | undefined {
    return shapeOf(this, id);
  }

  /** The enumerators of an enum, of 32 or 64 bits. */
  enumerators(id: number): { readonly name: string; readonly value: number }[] {
    const isWide = this.kind(id) === BtfKind.ENUM64;
    const isSigned = this.isSignedEnum(id);
    const word = (at: number, isSigned: boolean) =>
      isSigned ? this.#view.getInt32(at, true) : this.#view.getUint32(at, true);
    return this.#each(id, (at) => ({
      name: this.string(this.#view.getUint32(at, true)),
      value: isWide
        ? word(at + 8, isSigned) * 2 ** 32 + word(at + 4, false)
        : word(at + 4, isSigned),
    }));
  }

  #each<T>(id: number, read: (at: number) => T): T[] {
    const count = this.#info(id) & 0xffff;
    const each = TRAILERS[this.kind(id)]![1];
    const start = this.#at(id) + TYPE_SIZE;
    return Array.from({ length: count }, (_, i) => read(start + i * each));
  }

  #at(id: number): number {
    return this.#types + 4 * this.#start(id);
  }

  #start(id: number): number {
    const start = this.#index.start(id);
    if (start === undefined) throw new RangeError(`Cannot read BTF: there is no type ${id}`);
    return start;
  }

  #info(id: number): number {
    return this.#view.getUint32(this.#at(id) + 4, true);
  }

  /** The third word of struct btf_type: a size for some kinds and a type id for others. */
  #word(id: number): number {
    return id === 0 ? 0 : this.#view.getUint32(this.#at(id) + 8, true);
  }
}
