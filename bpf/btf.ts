/**
 * Reads BTF, the type information that objects and kernels carry.
 *
 * Layout: Documentation/bpf/btf.rst and include/uapi/linux/btf.h of the kernel. Only what this
 * library asks of it is here: types by name, their members, and the shape a codec is checked
 * against. Relocation and everything else is libbpf's.
 *
 * @module
 */

import { decodeText } from "../ffi/codec/mod.ts";
import type { CompositeType, CType, Member } from "../ffi/codec/codec.ts";

/** The kinds of BTF types, by the number the kernel gives them. */
export const BtfKind = {
  VOID: 0,
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

/** A variable of a data section. */
export interface Variable {
  readonly name: string;
  /** BTF type id of the variable's type. */
  readonly type: number;
  /** Bytes from the start of the section. */
  readonly offset: number;
  readonly size: number;
}

const MAGIC = 0xeb9f;
const TYPE_SIZE = 12;
const INT_SIGNED = 1;

/** Bytes that follow the common part of a type, per kind: fixed, and for each of its `vlen`. */
const TRAILERS: Record<number, readonly [fixed: number, each: number]> = {
  [BtfKind.INT]: [4, 0],
  [BtfKind.ARRAY]: [12, 0],
  [BtfKind.STRUCT]: [0, 12],
  [BtfKind.UNION]: [0, 12],
  [BtfKind.ENUM]: [0, 8],
  [BtfKind.FUNC_PROTO]: [0, 8],
  [BtfKind.VAR]: [4, 0],
  [BtfKind.DATASEC]: [0, 12],
  [BtfKind.DECL_TAG]: [4, 0],
  [BtfKind.ENUM64]: [0, 12],
};

const MODIFIERS: ReadonlySet<number> = new Set([
  BtfKind.TYPEDEF,
  BtfKind.VOLATILE,
  BtfKind.CONST,
  BtfKind.RESTRICT,
  BtfKind.TYPE_TAG,
]);

/** The types of one BTF blob; type ids start at 1, 0 is void. */
export class Btf {
  readonly #view: DataView;
  readonly #strings: number;
  readonly #stringsEnd: number;
  readonly #offsets: number[] = [0];

  /** @throws {RangeError} when the bytes are no little-endian BTF or end early. */
  constructor(bytes: Uint8Array) {
    const view = this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (view.getUint16(0, true) !== MAGIC) {
      throw new RangeError("Cannot read BTF: it does not begin with BTF's magic number");
    }
    const header = view.getUint32(4, true);
    const types = header + view.getUint32(8, true);
    const end = types + view.getUint32(12, true);
    this.#strings = header + view.getUint32(16, true);
    this.#stringsEnd = this.#strings + view.getUint32(20, true);
    for (let at = types; at < end;) {
      this.#offsets.push(at);
      const info = view.getUint32(at + 4, true);
      const [fixed, each] = TRAILERS[info >>> 24 & 31] ?? [0, 0];
      at += TYPE_SIZE + fixed + each * (info & 0xffff);
    }
  }

  /** How many types there are, void not counted. */
  get length(): number {
    return this.#offsets.length - 1;
  }

  kind(id: number): number {
    return id === 0 ? BtfKind.VOID : this.#info(id) >>> 24 & 31;
  }

  name(id: number): string {
    return id === 0 ? "void" : this.#string(this.#view.getUint32(this.#at(id), true));
  }

  /** The id of the first type of that name and one of those kinds. */
  find(name: string, ...kinds: number[]): number | undefined {
    for (let id = 1; id < this.#offsets.length; id++) {
      if (kinds.includes(this.kind(id)) && this.name(id) === name) return id;
    }
    return undefined;
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
    id = this.resolve(id);
    const name = this.name(id);
    const size = this.#word(id);
    switch (this.kind(id)) {
      case BtfKind.INT: {
        const encoding = this.#view.getUint32(this.#at(id) + TYPE_SIZE, true) >>> 24 & 15;
        if (size > 8) return { kind: "array", element: BYTE, length: size };
        const signed = (encoding & INT_SIGNED) !== 0;
        return { kind: "int", bytes: size as 1 | 2 | 4 | 8, signed, name };
      }
      case BtfKind.FLOAT:
        return { kind: "float", bytes: size as 4 | 8, name };
      case BtfKind.PTR:
        return { kind: "pointer", name: "void *" };
      case BtfKind.ARRAY: {
        const at = this.#at(id) + TYPE_SIZE;
        const element = this.type(this.#view.getUint32(at, true));
        if (!element) return undefined;
        return { kind: "array", element, length: this.#view.getUint32(at + 8, true) };
      }
      case BtfKind.STRUCT:
      case BtfKind.UNION:
        return this.#composite(id, name, size);
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
        return this.#enumeration(id, name, size);
      default:
        return undefined;
    }
  }

  #composite(id: number, name: string, size: number): CompositeType {
    const bitFields = this.#info(id) >>> 31 === 1;
    const members: Member[] = [];
    this.#each(id, (at) => {
      const type = this.type(this.#view.getUint32(at + 4, true));
      const offset = this.#view.getUint32(at + 8, true);
      if (!type) return;
      const bitSize = bitFields ? offset >>> 24 : 0;
      members.push({
        name: this.#string(this.#view.getUint32(at, true)),
        type,
        bitOffset: bitFields ? offset & 0xffffff : offset,
        ...bitSize > 0 ? { bitSize } : {},
      });
    });
    const kind = this.kind(id) === BtfKind.UNION ? "union" : "struct";
    return { kind, name, bytes: size, packed: false, members };
  }

  #enumeration(id: number, name: string, size: number): CType {
    const wide = this.kind(id) === BtfKind.ENUM64;
    const signed = this.#info(id) >>> 31 === 1;
    const values: Record<string, number> = {};
    this.#each(id, (at) => {
      const low = signed ? this.#view.getInt32(at + 4, true) : this.#view.getUint32(at + 4, true);
      const high = wide ? this.#view.getInt32(at + 8, true) * 2 ** 32 : 0;
      values[this.#string(this.#view.getUint32(at, true))] = low + high;
    });
    return { kind: "enum", name, bytes: size as 1 | 2 | 4 | 8, signed, values };
  }

  #each<T>(id: number, read: (at: number) => T): T[] {
    const count = this.#info(id) & 0xffff;
    const each = TRAILERS[this.kind(id)]![1];
    const start = this.#at(id) + TYPE_SIZE;
    return Array.from({ length: count }, (_, i) => read(start + i * each));
  }

  #at(id: number): number {
    const at = this.#offsets[id];
    if (!at) throw new RangeError(`Cannot read BTF: there is no type ${id}`);
    return at;
  }

  #info(id: number): number {
    return this.#view.getUint32(this.#at(id) + 4, true);
  }

  /** The word that is a size for some kinds and a type id for others. */
  #word(id: number): number {
    return id === 0 ? 0 : this.#view.getUint32(this.#at(id) + 8, true);
  }

  #string(offset: number): string {
    const start = this.#strings + offset;
    let end = start;
    while (end < this.#stringsEnd && this.#view.getUint8(end) !== 0) end++;
    return decodeText(this.#view, start, end - start);
  }
}

const BYTE: CType = { kind: "int", bytes: 1, signed: false, name: "__u8" };
