/**
 * Formats BTF types as TypeScript types.
 *
 * @module
 */

import { type Btf, BtfKind } from "../../btf/btf.ts";

/** Nesting limit of anonymous structs; deeper ones are left to the compiler. */
const DEEPEST = 8;

/** Formats types, and collects the named structs that they mention. */
export class TypeTexts {
  readonly #btf: Btf;
  /** Structs to declare, by name: the first of a name counts, as in the compiler. */
  readonly #named = new Map<string, number>();
  readonly #waiting: string[] = [];

  /** Reads nothing yet. */
  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** Requests a struct or union; false when there is none of that name. */
  add(name: string): boolean {
    const plain = name.replace(/^(?:struct|union) /, "");
    const id = this.#btf.find(plain, BtfKind.STRUCT, BtfKind.UNION);
    if (id !== undefined) this.#mention(id);
    return id !== undefined;
  }

  /** The type of a value: numbers of up to 32 bits are numbers, others bigints, as in codecs. */
  of(given: number, depth = 0): string {
    const btf = this.#btf;
    const id = btf.resolve(given);
    switch (btf.kind(id)) {
      case BtfKind.INT:
        if (btf.encoding(id).isBool) return "boolean";
        return numberOf(btf.size(id));
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
        return numberOf(btf.size(id));
      case BtfKind.PTR: {
        const to = btf.resolve(btf.target(id));
        const isStruct = btf.kind(to) === BtfKind.STRUCT || btf.kind(to) === BtfKind.UNION;
        return isStruct && btf.name(to) !== "" ? this.#mention(to) : "bigint";
      }
      case BtfKind.STRUCT:
      case BtfKind.UNION:
        if (btf.name(id) !== "") return this.#mention(id);
        return depth < DEEPEST ? `{ ${this.fields(id, depth + 1).join(" ")} }` : "unknown";
      case BtfKind.ARRAY: {
        const element = btf.resolve(btf.target(id));
        if (btf.kind(element) === BtfKind.INT && btf.name(element) === "char") return "string";
        return `readonly ${this.#element(element, depth)}[]`;
      }
      default:
        return "unknown";
    }
  }

  /** `readonly pid: number;` for each member; members of anonymous structs are inlined. */
  fields(id: number, depth = 0): string[] {
    const btf = this.#btf;
    return btf.members(id).flatMap(({ name, type, bitSize }) => {
      if (name === "") {
        const inner = btf.resolve(type);
        const isStruct = btf.kind(inner) === BtfKind.STRUCT || btf.kind(inner) === BtfKind.UNION;
        return isStruct && depth < DEEPEST ? this.fields(inner, depth + 1) : [];
      }
      const text = bitSize && bitSize <= 32 ? "number" : this.of(type, depth);
      return [`readonly ${keyOf(name)}: ${text};`];
    });
  }

  /** The declarations of all structs mentioned, transitively. */
  *structs(): Generator<string> {
    for (let name = this.#waiting.pop(); name !== undefined; name = this.#waiting.pop()) {
      const fields = this.fields(this.#named.get(name)!);
      yield `${JSON.stringify(name)}: { ${fields.join(" ")} };`;
    }
  }

  #element(element: number, depth: number): string {
    const text = this.of(element, depth);
    return text.startsWith("readonly ") ? `(${text})` : text;
  }

  #mention(id: number): string {
    const kind = this.#btf.kind(id) === BtfKind.UNION ? "union" : "struct";
    const name = `${kind} ${this.#btf.name(id)}`;
    if (!this.#named.has(name)) {
      this.#named.set(name, id);
      this.#waiting.push(name);
    }
    return `KernelStructs[${JSON.stringify(name)}]`;
  }
}

/** The TypeScript type of a number of so many bytes. */
export const numberOf = (bytes: number): string => bytes > 4 ? "bigint" : "number";

/** A name as a property key, quoted if necessary. */
export const keyOf = (name: string): string =>
  /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
