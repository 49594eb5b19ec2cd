/**
 * How C spells a BTF type, and predicates on BTF kinds.
 *
 * @module
 */

import { type Btf, BtfKind } from "../../btf/btf.ts";

const COMPOSITES: readonly number[] = [BtfKind.STRUCT, BtfKind.UNION];
const INTEGERS: readonly number[] = [BtfKind.INT, BtfKind.ENUM, BtfKind.ENUM64];
const { CONST, VOLATILE, RESTRICT, TYPE_TAG } = BtfKind;
const QUALIFIERS: readonly number[] = [CONST, VOLATILE, RESTRICT, TYPE_TAG];

/** Whether it is a struct or union. */
export function isComposite(btf: Btf, id: number): boolean {
  return COMPOSITES.includes(btf.kind(id));
}

/** Whether it is an integer or an enum. */
export function isInteger(btf: Btf, id: number): boolean {
  return INTEGERS.includes(btf.kind(id));
}

/** Whether it qualifies another type; a typedef does not. */
export function isQualifier(btf: Btf, id: number): boolean {
  return QUALIFIERS.includes(btf.kind(id));
}

/** The keyword of a struct or union. */
export function keyword(btf: Btf, id: number): string {
  return btf.kind(id) === BtfKind.UNION ? "union" : "struct";
}

/** An integer's C name; an enum's is that of the integer of its size. */
export function integerName(btf: Btf, id: number): string {
  if (btf.kind(id) === BtfKind.INT) return btf.name(id);
  const type = btf.type(id);
  const sign = type?.kind === "enum" && type.signed ? "" : "unsigned ";
  const names: Record<number, string> = { 1: "char", 2: "short", 4: "int", 8: "long long" };
  return sign + names[btf.size(id)]!;
}

/** sizeof of any type. */
export function sizeOf(btf: Btf, id: number): number {
  const end = btf.resolve(id);
  switch (btf.kind(end)) {
    case BtfKind.ARRAY:
      return btf.arrayLength(end) * sizeOf(btf, btf.target(end));
    case BtfKind.PTR:
      return 8;
    default:
      return btf.size(end);
  }
}
