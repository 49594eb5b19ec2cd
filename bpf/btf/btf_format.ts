/**
 * The format of BTF: Documentation/bpf/btf.rst and include/uapi/linux/btf.h of the kernel.
 *
 * @module
 */

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

/** BTF_MAGIC, the first two bytes of a blob. */
export const MAGIC = 0xeb9f;
/** Bytes of the part that all types have: name, kind and count, size or type. */
export const TYPE_SIZE = 12;

/** Bytes that follow the common part of a type, per kind: fixed, and for each of its `vlen`. */
export const TRAILERS: Readonly<Record<number, readonly [fixed: number, each: number]>> = {
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

/**
 * The sizes of TRAILERS by kind in words of four bytes, the common part included; fast to look up.
 */
export const FIXED_WORDS: Uint8Array = Uint8Array.from(
  { length: 32 },
  (_, kind) => (TYPE_SIZE + (TRAILERS[kind]?.[0] ?? 0)) / 4,
);
export const PART_WORDS: Uint8Array = Uint8Array.from(
  { length: 32 },
  (_, kind) => (TRAILERS[kind]?.[1] ?? 0) / 4,
);

/** Types that C knows by a name, and sections. */
const FINDABLE_KINDS: readonly number[] = [
  BtfKind.STRUCT,
  BtfKind.UNION,
  BtfKind.ENUM,
  BtfKind.ENUM64,
  BtfKind.TYPEDEF,
  BtfKind.DATASEC,
];

/** Lookup table by BTF kind: 1 if types of this kind can be found by name. */
export const FINDABLE: Uint8Array = Uint8Array.from(
  { length: 32 },
  (_, kind) => FINDABLE_KINDS.includes(kind) ? 1 : 0,
);

/** Typedefs and qualifiers. */
export const MODIFIERS: ReadonlySet<number> = new Set([
  BtfKind.TYPEDEF,
  BtfKind.VOLATILE,
  BtfKind.CONST,
  BtfKind.RESTRICT,
  BtfKind.TYPE_TAG,
]);
