/**
 * Minimized BTF: the few kernel types that an object's CO-RE relocations name, as BTF of their own.
 *
 * libbpf parses all of the kernel's types, more than 100,000, and scans them once for each struct
 * that an object mentions: most of a tool's start-up time. With minimized BTF it finds the same
 * types at once, as with the files that `bpftool gen min_core_btf` makes ahead of time.
 *
 * @module
 */

import { encodeText } from "../../ffi/codec/mod.ts";
import { type Btf, BtfKind, MAGIC, MODIFIERS } from "../btf/btf.ts";
import { PART_WORDS } from "../btf/btf_format.ts";
import type { BtfNames } from "../btf/btf_names.ts";
import type { CoreNames } from "./core_relocations.ts";

const HEADER_SIZE = 24;
const VERSION = 1;
const KIND_AND_FLAG = ~0xffff;
/**
 * Word indices in struct btf_type and in the data behind it: a member has name, type and offset.
 */
const NAME = 0;
const INFO = 1;
const LAST = 2;
const PARTS = 3;
const MEMBER = 3;
const VOID = 0;

/** The kinds that relocations look up by name. */
const ROOTS = [BtfKind.STRUCT, BtfKind.UNION, BtfKind.ENUM, BtfKind.ENUM64] as const;

/**
 * BTF with the types of those names, reduced to the members of those names; undefined when one is
 * missing in `kernel` and `complete` is set: a module may define it, and libbpf searches modules.
 */
export function minimizedBtf(
  kernel: Btf,
  { types, members }: CoreNames,
  complete = true,
): Uint8Array | undefined {
  const found = kernel.named(types, ...ROOTS);
  if (complete && found.size < types.size) return undefined;
  const minimized = new MinimizedBtf(kernel, kernel.recognize(members));
  for (const id of [...found.values()].flat()) minimized.add(id);
  return minimized.bytes();
}

/**
 * Kinds that are not types of data; only corrupt BTF refers to them where such a type is expected.
 */
const NO_DATA: ReadonlySet<number> = new Set([
  BtfKind.FUNC,
  BtfKind.FUNC_PROTO,
  BtfKind.VAR,
  BtfKind.DATASEC,
  BtfKind.DECL_TAG,
]);

class MinimizedBtf {
  readonly #kernel: Btf;
  readonly #members: BtfNames;
  readonly #types: number[] = [];
  readonly #strings: number[] = [0];
  #count = 0;
  /** New type ids and string offsets by the kernel's. */
  readonly #ids = new Map<number, number>([[VOID, VOID]]);
  readonly #offsets = new Map<number, number>([[0, 0]]);

  constructor(kernel: Btf, members: BtfNames) {
    this.#kernel = kernel;
    this.#members = members;
  }

  /** Adds a type after those it refers to; returns its id. */
  add(id: number): number {
    const known = this.#ids.get(id);
    if (known !== undefined) return known;
    if (NO_DATA.has(this.#kernel.kind(id))) return VOID;
    const words = this.#words(id);
    this.#types.push(...words);
    this.#ids.set(id, ++this.#count);
    return this.#count;
  }

  bytes(): Uint8Array {
    const [types, strings] = [Int32Array.from(this.#types), this.#strings];
    const length = types.byteLength;
    const bytes = new Uint8Array(HEADER_SIZE + length + strings.length);
    const header = [MAGIC | VERSION << 16, HEADER_SIZE, 0, length, length, strings.length];
    bytes.set(new Uint8Array(Int32Array.from(header).buffer));
    bytes.set(new Uint8Array(types.buffer), HEADER_SIZE);
    bytes.set(strings, HEADER_SIZE + length);
    return bytes;
  }

  /** struct btf_type and what follows it, with the ids and offsets of the minimized BTF. */
  #words(id: number): number[] {
    const words = Array.from(this.#kernel.words(id));
    const kind = this.#kernel.kind(id);
    words[NAME] = this.#string(words[NAME]!);
    if (MODIFIERS.has(kind)) words[LAST] = this.add(words[LAST]!);
    switch (kind) {
      case BtfKind.PTR:
        // Relocations end at a pointer: its target is looked up by a relocation of its own.
        words[LAST] = VOID;
        break;
      case BtfKind.ARRAY:
        words[PARTS] = this.add(words[PARTS]!);
        words[PARTS + 1] = this.add(words[PARTS + 1]!);
        break;
      case BtfKind.STRUCT:
      case BtfKind.UNION:
        this.#cutMembers(words);
        break;
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
        for (let at = PARTS; at < words.length; at += PART_WORDS[kind]!) {
          words[at] = this.#string(words[at]!);
        }
        break;
    }
    return words;
  }

  /** Keeps the requested members, and unnamed ones, which may contain some. */
  #cutMembers(words: number[]): void {
    let end = PARTS;
    for (let at = PARTS; at < words.length; at += MEMBER) {
      const name = words[at]!;
      if (name !== 0 && this.#members.at(name) === undefined) continue;
      words[end] = this.#string(name);
      words[end + 1] = this.add(words[at + 1]!);
      words[end + 2] = words[at + 2]!;
      end += MEMBER;
    }
    words.length = end;
    words[INFO] = words[INFO]! & KIND_AND_FLAG | (end - PARTS) / MEMBER;
  }

  #string(offset: number): number {
    const known = this.#offsets.get(offset);
    if (known !== undefined) return known;
    const place = this.#strings.length;
    this.#strings.push(...encodeText(this.#kernel.string(offset)), 0);
    this.#offsets.set(offset, place);
    return place;
  }
}
