/**
 * C declarations from BTF, cut down to what a program uses.
 *
 * A struct keeps the members whose names the program mentions, at their offsets and with padding in
 * between: it has the kernel's size and layout without pulling in the types of all members.
 * Pointers are followed only from members that are kept: `task->real_parent->tgid` reaches
 * task_struct's `real_parent` and `tgid` and nothing else.
 *
 * @module
 */

import { type Btf, BtfKind, type RawMember } from "../../btf/btf.ts";
import type { Mentions } from "./mentions.ts";
import {
  integerName,
  isComposite,
  isInteger,
  isQualifier,
  keyword,
  sizeOf,
} from "./type_spelling.ts";

/** A struct up to this size keeps all members if the text names it: it may be a map's value. */
const WHOLE_SIZE = 256;

/** The kinds of types that C knows by a name. */
const NAMED = [BtfKind.STRUCT, BtfKind.UNION, BtfKind.ENUM, BtfKind.ENUM64, BtfKind.TYPEDEF];

/** Structs whose members macros of libbcc use. */
const WHOLE: ReadonlySet<string> = new Set(["pt_regs", "user_pt_regs"]);

/** Names of types and enumerators that libbcc's own linux/bpf.h has. */
const IN_BPF_HEADER =
  /^(?:bpf_(?!iter__|iter_meta$|map$|prog$|prog_aux$|link$|perf_event_data$|user_pt_regs_t$)|__sk_buff$|xdp_md$|xdp_action$|sk_msg_md$|sk_reuseport_md$|sk_action$|btf_ptr$|BPF_|XDP_|SK_DROP$|SK_PASS$)/;

/** An emitted type: its alignment in C, and which of several BTF types of that name it is. */
interface Written {
  readonly id: number;
  readonly align: number;
}

/** Writes declarations of kernel types. */
export class TypeWriter {
  readonly #btf: Btf;
  readonly #mentions: Mentions;
  /** Types that the fixed part of the headers defines. */
  readonly #given: ReadonlySet<string>;
  readonly #lines: string[] = [];
  readonly #written = new Map<number, Written>();
  /** By keyword and name: BTF may have several types of one name, and C takes one. */
  readonly #named = new Map<string, Written>();
  readonly #queue: number[] = [];
  #pads = 0;

  constructor(btf: Btf, mentions: Mentions, given: ReadonlySet<string>) {
    this.#btf = btf;
    this.#mentions = mentions;
    this.#given = given;
  }

  /** The declarations of all types that the mentions reach, in an order that C accepts. */
  write(): string {
    const { tags, identifiers, defined } = this.#mentions;
    const types = this.#btf.named(identifiers, ...NAMED);
    const enums = this.#btf.enumsWith(identifiers);
    const wanted = (name: string) =>
      !defined.has(name) && !this.#given.has(name) && !IN_BPF_HEADER.test(name);
    for (const [name, id] of enums) if (wanted(name) && /^[A-Z_]/.test(name)) this.#writeEnum(id);
    for (const [name, ids] of types) {
      if (!wanted(name)) continue;
      const tag = ids.find((id) => this.#btf.kind(id) !== BtfKind.TYPEDEF);
      if (tags.has(name) && tag !== undefined) this.#queue.push(tag);
      const typedef = ids.find((id) => this.#btf.kind(id) === BtfKind.TYPEDEF);
      if (typedef !== undefined && !tags.has(name)) this.#queue.push(typedef);
    }
    for (let id = this.#queue.pop(); id !== undefined; id = this.#queue.pop()) this.#declare(id);
    return this.#lines.join("\n");
  }

  /** Writes the definition of a named type, those it needs before it. */
  #declare(id: number): Written {
    const done = this.#written.get(id);
    if (done) return done;
    const name = this.#btf.name(id);
    const key = `${this.#btf.kind(id)} ${name}`;
    const same = this.#named.get(key);
    if (same) return same;
    let align = 1;
    switch (this.#btf.kind(id)) {
      case BtfKind.STRUCT:
      case BtfKind.UNION: {
        const whole = WHOLE.has(name) ||
          this.#mentions.tags.has(name) && this.#btf.size(id) <= WHOLE_SIZE;
        const body = this.#body(id, whole);
        align = body.align;
        this.#lines.push(`${keyword(this.#btf, id)} ${name} ${body.text};`);
        break;
      }
      case BtfKind.TYPEDEF: {
        const typedef = this.#typedef(id, name);
        align = typedef.align;
        this.#lines.push(`typedef ${typedef.text};`);
        break;
      }
      default:
        this.#writeEnum(id);
    }
    const written = { id, align };
    this.#written.set(id, written);
    this.#named.set(key, written);
    return written;
  }

  #typedef(id: number, name: string): { text: string; align: number } {
    const end = this.#btf.resolve(id);
    if (isComposite(this.#btf, end) && this.#btf.name(end) === "") {
      const { text, align } = this.#body(end, this.#btf.size(end) <= WHOLE_SIZE);
      return { text: `${keyword(this.#btf, end)} ${text} ${name}`, align };
    }
    return this.#declaration(this.#btf.target(id), name, false);
  }

  /** `{ … }` with the members that are kept. */
  #body(id: number, whole: boolean): { text: string; align: number } {
    const size = this.#btf.size(id);
    const union = this.#btf.kind(id) === BtfKind.UNION;
    const kept = this.#btf.members(id).filter((member) => whole || this.#keeps(member));
    const parts: string[] = [];
    let [bit, align, packed] = [0, 1, false];
    for (const member of kept) {
      if (union) bit = 0;
      const { text, align: own, bits } = this.#member(member, whole);
      parts.push(...this.#padding(bit, member, text));
      if (member.bitSize === 0) packed ||= member.bitOffset % (own * 8) !== 0;
      align = Math.max(align, own);
      bit = member.bitOffset + bits;
    }
    packed ||= size % align !== 0;
    const rest = union ? size : size - Math.ceil(bit / 8);
    if (rest > 0) parts.push(`char __pad${this.#pads++}[${rest}];`);
    const attribute = packed ? " __attribute__((packed))" : "";
    return { text: `{ ${parts.join(" ")} }${attribute}`, align: packed ? 1 : align };
  }

  /** The padding between the last member's end and this one, and the member. */
  #padding(bit: number, { bitOffset, bitSize, type }: RawMember, text: string): string[] {
    const parts: string[] = [];
    const first = Math.ceil(bit / 8);
    const start = Math.floor(bitOffset / 8);
    if (start > first) {
      parts.push(`char __pad${this.#pads++}[${start - first}];`);
      bit = start * 8;
    }
    // An unnamed bit-field of the same type falls into the same storage unit.
    if (bitSize > 0 && bitOffset > bit) {
      parts.push(`${integerName(this.#btf, this.#btf.resolve(type))} : ${bitOffset - bit};`);
    }
    return [...parts, text];
  }

  #member(member: RawMember, whole: boolean): { text: string; align: number; bits: number } {
    const end = this.#btf.resolve(member.type);
    if (member.name === "" && isComposite(this.#btf, end)) {
      const { text, align } = this.#body(end, whole);
      return { text: `${keyword(this.#btf, end)} ${text};`, align, bits: this.#btf.size(end) * 8 };
    }
    if (member.bitSize > 0) {
      const text = `${integerName(this.#btf, end)} ${member.name} : ${member.bitSize};`;
      return { text, align: this.#btf.size(end), bits: member.bitSize };
    }
    // In a struct that is kept whole, the targets of pointers are declared only where the text may
    // follow them.
    const follow = this.#mentions.identifiers.has(member.name);
    const { text, align } = this.#declaration(member.type, member.name, follow);
    return { text: `${text};`, align, bits: sizeOf(this.#btf, member.type) * 8 };
  }

  #keeps({ name, type }: RawMember): boolean {
    if (name !== "") return this.#mentions.identifiers.has(name);
    const end = this.#btf.resolve(type);
    return isComposite(this.#btf, end) &&
      this.#btf.members(end).some((member) => this.#keeps(member));
  }

  /** `int name[4]`; `follow` says whether a pointer's target must be a complete type. */
  #declaration(id: number, name: string, follow: boolean): { text: string; align: number } {
    const { base, suffix, align } = this.#spell(id, follow);
    return { text: `${base}${base.endsWith("*") ? "" : " "}${name}${suffix}`, align };
  }

  #spell(id: number, follow: boolean): { base: string; suffix: string; align: number } {
    const kind = this.#btf.kind(id);
    if (kind === BtfKind.ARRAY) {
      const element = this.#spell(this.#btf.target(id), follow);
      return { ...element, suffix: `[${this.#btf.arrayLength(id)}]${element.suffix}` };
    }
    if (kind === BtfKind.PTR) return { base: this.#pointer(id, follow), suffix: "", align: 8 };
    const end = this.#btf.resolve(id);
    if (end !== id && !isComposite(this.#btf, end)) return this.#spell(end, follow);
    if (isComposite(this.#btf, end)) return this.#composite(id, end);
    if (end === 0) return { base: "void", suffix: "", align: 1 };
    if (this.#btf.kind(end) === BtfKind.FLOAT) {
      const size = this.#btf.size(end);
      return { base: size === 4 ? "float" : "double", suffix: "", align: size };
    }
    if (!isInteger(this.#btf, end)) return { base: "void *", suffix: "", align: 8 };
    return { base: integerName(this.#btf, end), suffix: "", align: this.#btf.size(end) };
  }

  /** A struct by value, under the name that programs use. */
  #composite(id: number, end: number): { base: string; suffix: string; align: number } {
    let named = id;
    while (named !== end && this.#btf.kind(named) !== BtfKind.TYPEDEF) {
      named = this.#btf.target(named);
    }
    const name = this.#btf.name(named);
    // A struct whose name has another definition elsewhere is written in place, without its name.
    if (name === "" || this.#mentions.defined.has(name) || IN_BPF_HEADER.test(name)) {
      const { text, align } = this.#body(end, name === "");
      return { base: `${keyword(this.#btf, end)} ${text}`, suffix: "", align };
    }
    const declared = this.#declare(named);
    // Another type has that name already.
    if (sizeOf(this.#btf, declared.id) !== sizeOf(this.#btf, named)) {
      const { text, align } = this.#body(end, false);
      return { base: `${keyword(this.#btf, end)} ${text}`, suffix: "", align };
    }
    const { align } = declared;
    const base = named === end ? `${keyword(this.#btf, end)} ${name}` : name;
    return { base, suffix: "", align };
  }

  #pointer(id: number, follow: boolean): string {
    let target = this.#btf.target(id);
    while (isQualifier(this.#btf, target)) target = this.#btf.target(target);
    const end = this.#btf.resolve(target);
    if (this.#btf.kind(target) === BtfKind.PTR) return `${this.#pointer(target, follow)}*`;
    if (this.#btf.kind(end) === BtfKind.FWD) return `struct ${this.#btf.name(end)} *`;
    if (isComposite(this.#btf, end)) {
      const name = this.#btf.name(end);
      if (name === "") {
        if (target === end || this.#mentions.defined.has(this.#btf.name(target))) return "void *";
        this.#declare(target);
        return `${this.#btf.name(target)} *`;
      }
      const own = this.#mentions.defined.has(name) || IN_BPF_HEADER.test(name);
      if (follow && !own) this.#queue.push(end);
      return `${keyword(this.#btf, end)} ${name} *`;
    }
    if (end === 0 || !isInteger(this.#btf, end)) return "void *";
    return `${integerName(this.#btf, end)} *`;
  }

  /** An enum with the enumerators that are mentioned. */
  #writeEnum(id: number): void {
    if (this.#written.has(id)) return;
    this.#written.set(id, { id, align: this.#btf.size(id) });
    const type = this.#btf.type(id);
    if (type?.kind !== "enum") return;
    const { identifiers, defined } = this.#mentions;
    const name = this.#btf.name(id);
    const values = Object.entries(type.values).filter(([key]) =>
      identifiers.has(key) && !defined.has(key) && !this.#given.has(key)
    );
    const listed = values.map(([key, value]) => `${key} = ${value}`);
    if (listed.length === 0) listed.push(`__no_value_of_${name}`);
    const tag = name === "" || defined.has(name) ? "" : ` ${name}`;
    this.#lines.push(`enum${tag} { ${listed.join(", ")} };`);
  }
}
