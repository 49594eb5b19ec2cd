/**
 * Writes BTF: the types of a program's maps, its functions, and the lines of its text.
 *
 * Format: Documentation/bpf/btf.rst of the kernel.
 *
 * @module
 */

import type { CType, Member } from "../../ffi/codec/codec.ts";
import { encodeText } from "../../ffi/codec/mod.ts";
import { Btf } from "../btf/btf.ts";
import { BtfKind, MAGIC, TYPE_SIZE } from "../btf/btf_format.ts";

type Header = [header: number, types: number, size: number, strings: number, stringsSize: number];

const [SIGNED, BOOL] = [1, 4];
const HEADER_SIZE = 24;
const STATIC_LINKAGE = 0;
const GLOBAL_VARIABLE = 1;
/** kind_flag: a struct's bit-fields are encoded by width and offset. */
const KIND_FLAG = 0x80000000;

/** A variable of a data section. */
export interface SectionVariable {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

/** Collects types and strings. Ids of types count from 1; 0 is void. */
export class BtfBuilder {
  readonly #words: number[] = [];
  readonly #known = new Map<string, number>();
  readonly #strings = new Map<string, number>([["", 0]]);
  /** The string section of the base BTF. */
  readonly #first: Uint8Array;
  #stringsSize: number;
  #count = 0;

  /** @param base BTF whose types keep their ids here */
  constructor(base?: Uint8Array<ArrayBuffer>) {
    this.#first = new Uint8Array(1);
    if (base) {
      const view = new DataView(base.buffer, base.byteOffset, base.byteLength);
      const word = (at: number) => view.getUint32(at, true);
      const [header, types, size, strings, end] = [4, 8, 12, 16, 20].map(word) as Header;
      for (let at = 0; at < size; at += 4) this.#words.push(word(header + types + at));
      this.#first = base.slice(header + strings, header + strings + end);
      this.#count = new Btf(base).length;
    }
    this.#stringsSize = this.#first.length;
  }

  /** The offset of a string in the string section. */
  string(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const offset = this.#stringsSize;
    this.#strings.set(text, offset);
    this.#stringsSize += encodeText(text).length + 1;
    return offset;
  }

  /** The id of a C type. */
  type(type: CType): number {
    const key = JSON.stringify(type);
    let id = this.#known.get(key);
    if (id === undefined) this.#known.set(key, id = this.#add(type));
    return id;
  }

  /** A function that takes the context and returns an int. */
  function(name: string): number {
    const int = this.type({ kind: "int", bytes: 4, signed: true, name: "int" });
    const context = this.type({ kind: "pointer", name: "void *" });
    const prototype = this.#put("", BtfKind.FUNC_PROTO, 1, int, [this.string("ctx"), context]);
    return this.#put(name, BtfKind.FUNC, STATIC_LINKAGE, prototype);
  }

  /** A section of variables. */
  section(name: string, size: number, variables: readonly SectionVariable[]): number {
    const words = variables.flatMap(({ name, type, offset, size }) => [
      this.#put(name, BtfKind.VAR, 0, type, [GLOBAL_VARIABLE]),
      offset,
      size,
    ]);
    return this.#put(name, BtfKind.DATASEC, variables.length, size, words);
  }

  /** The complete blob. */
  bytes(): Uint8Array<ArrayBuffer> {
    const typesSize = 4 * this.#words.length;
    const bytes = new Uint8Array(new ArrayBuffer(HEADER_SIZE + typesSize + this.#stringsSize));
    const view = new DataView(bytes.buffer);
    view.setUint16(0, MAGIC, true);
    view.setUint8(2, 1); // version
    [HEADER_SIZE, 0, typesSize, typesSize, this.#stringsSize].forEach((word, i) =>
      view.setUint32(4 + 4 * i, word, true)
    );
    this.#words.forEach((word, i) => view.setUint32(HEADER_SIZE + 4 * i, word >>> 0, true));
    bytes.set(this.#first, HEADER_SIZE + typesSize);
    for (const [text, offset] of this.#strings) {
      bytes.set(encodeText(text), HEADER_SIZE + typesSize + offset);
    }
    return bytes;
  }

  #add(type: CType): number {
    switch (type.kind) {
      case "int": {
        const encoding = type.name === "_Bool" ? BOOL : type.signed ? SIGNED : 0;
        const words = [encoding << 24 | 8 * type.bytes];
        return this.#put(type.name, BtfKind.INT, 0, type.bytes, words);
      }
      case "float":
        return this.#put(type.name, BtfKind.FLOAT, 0, type.bytes);
      case "pointer":
        return this.#put("", BtfKind.PTR, 0, 0);
      case "array": {
        const element = this.type(type.element);
        const index = this.type({ kind: "int", bytes: 4, signed: false, name: "__u32" });
        return this.#put("", BtfKind.ARRAY, 0, 0, [element, index, type.length]);
      }
      case "enum": {
        const values = Object.entries(type.values);
        if (type.bytes === 8) {
          return this.type({ kind: "int", bytes: 8, signed: type.signed, name: type.name });
        }
        const words = values.flatMap(([name, value]) => [this.string(name), value]);
        return this.#put(type.name, BtfKind.ENUM, values.length, type.bytes, words);
      }
      default: {
        const flag = type.members.some((member) => member.bitSize !== undefined) ? KIND_FLAG : 0;
        const words = type.members.flatMap((member) => this.#member(member, flag !== 0));
        const kind = type.kind === "struct" ? BtfKind.STRUCT : BtfKind.UNION;
        return this.#put(type.name, kind, type.members.length | flag, type.bytes, words);
      }
    }
  }

  #member({ name, type, bitOffset, bitSize }: Member, flag: boolean): number[] {
    const offset = flag ? (bitSize ?? 0) << 24 | bitOffset : bitOffset;
    return [this.string(name), this.type(type), offset];
  }

  /** Adds a type and returns its id; `more` contains ids of types added before. */
  #put(
    name: string,
    kind: number,
    count: number,
    sizeOrType: number,
    more: readonly number[] = [],
  ): number {
    const head = [this.string(name), kind << 24 | count, sizeOrType];
    if (4 * head.length !== TYPE_SIZE) throw new Error("a BTF type begins with three words");
    this.#words.push(...head, ...more);
    return ++this.#count;
  }
}
