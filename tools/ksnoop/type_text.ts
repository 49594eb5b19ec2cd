/**
 * Formats the kernel's BTF types as C.
 *
 * @module
 */

import { type Btf, BtfKind } from "../../plumbing.ts";

const WORDS: Readonly<Record<number, string>> = {
  [BtfKind.STRUCT]: "struct",
  [BtfKind.UNION]: "union",
  [BtfKind.ENUM]: "enum",
  [BtfKind.ENUM64]: "enum",
};
const QUALIFIERS: Readonly<Record<number, string>> = {
  [BtfKind.CONST]: "const ",
  [BtfKind.VOLATILE]: "volatile ",
};

/** `const struct path *`, `unsigned int`, `char[16]`, `int (*)()`. */
export function typeText(btf: Btf, type: number): string {
  const kind = btf.kind(type);
  const name = btf.name(type);
  switch (kind) {
    case BtfKind.PTR: {
      const target = typeText(btf, btf.target(type));
      if (target.endsWith(" ()")) return target.replace(/ \(\)$/, " (*)()");
      return `${target}${target.endsWith("*") ? "" : " "}*`;
    }
    case BtfKind.ARRAY:
      return `${typeText(btf, btf.target(type))}[${btf.arrayLength(type)}]`;
    case BtfKind.FUNC_PROTO:
      return `${typeText(btf, btf.target(type))} ()`;
    case BtfKind.CONST:
    case BtfKind.VOLATILE: {
      const target = typeText(btf, btf.target(type));
      return target.endsWith("*")
        ? `${target} ${QUALIFIERS[kind]!.trim()}`
        : QUALIFIERS[kind]! + target;
    }
    case BtfKind.RESTRICT:
    case BtfKind.TYPE_TAG:
      return typeText(btf, btf.target(type));
    case BtfKind.FWD:
      return `struct ${name}`;
    default: {
      const word = WORDS[kind];
      return word ? `${word} ${name}`.trimEnd() : name;
    }
  }
}
