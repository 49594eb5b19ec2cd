/**
 * Validates BTF before libbpf sees it: before version 1.3, libbpf follows ids and offsets
 * unchecked, and reads out of bounds.
 *
 * The rules are those of libbpf 1.3 (btf_sanity_check), and that no type contains itself.
 *
 * @module
 */

import { BtfKind, MAGIC, MODIFIERS, TRAILERS, TYPE_SIZE } from "./btf.ts";

/** Depth limit: real types nest far less; it ends the walk into a type that contains itself. */
const MAX_DEPTH = 100;

/** Where a type of a kind refers to others: offsets in the type, and in each of its parts. */
const REFERENCES: Readonly<
  Record<number, { types?: readonly number[]; partName?: number; partType?: number }>
> = {
  [BtfKind.PTR]: { types: [8] },
  [BtfKind.ARRAY]: { types: [12, 16] },
  [BtfKind.STRUCT]: { partName: 0, partType: 4 },
  [BtfKind.UNION]: { partName: 0, partType: 4 },
  [BtfKind.ENUM]: { partName: 0 },
  [BtfKind.TYPEDEF]: { types: [8] },
  [BtfKind.VOLATILE]: { types: [8] },
  [BtfKind.CONST]: { types: [8] },
  [BtfKind.RESTRICT]: { types: [8] },
  [BtfKind.FUNC]: { types: [8] },
  [BtfKind.FUNC_PROTO]: { types: [8], partName: 0, partType: 4 },
  [BtfKind.VAR]: { types: [8] },
  [BtfKind.DATASEC]: { partType: 0 },
  [BtfKind.DECL_TAG]: { types: [8] },
  [BtfKind.TYPE_TAG]: { types: [8] },
  [BtfKind.ENUM64]: { partName: 0 },
};

const SIZES: Readonly<Record<number, readonly number[]>> = {
  [BtfKind.INT]: [1, 2, 4, 8, 16],
  [BtfKind.ENUM]: [0, 1, 2, 4, 8], // 0: declared, never defined
  [BtfKind.ENUM64]: [1, 2, 4, 8],
  [BtfKind.FLOAT]: [2, 4, 8, 12, 16],
};

/** Kinds that refer to certain kinds only. */
const TARGETS: Readonly<Record<number, readonly number[]>> = {
  [BtfKind.FUNC]: [BtfKind.FUNC_PROTO],
  [BtfKind.DATASEC]: [BtfKind.VAR, BtfKind.FUNC],
};

/** One type: its kind, and what it refers to. */
interface Outline {
  readonly kind: number;
  readonly size: number;
  readonly types: readonly number[];
  readonly names: readonly number[];
}

/** What is wrong with a BTF blob, or undefined: "type 7 refers to type 900, of 31". */
export function checkBtf(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 24 || view.getUint16(0, true) !== MAGIC) return "it has no header";
  const [header, typesAt, typesSize, stringsAt, stringsSize] = [4, 8, 12, 16, 20].map((at) =>
    view.getUint32(at, true)
  ) as [number, number, number, number, number];
  const end = header + Math.max(typesAt + typesSize, stringsAt + stringsSize);
  if (end > bytes.length) return `it ends at byte ${bytes.length} instead of ${end}`;
  const outlines = outlinesOf(view, header + typesAt, header + typesAt + typesSize);
  if (!outlines) return "its last type is cut short";
  return wrongReference(outlines, stringsSize) ?? wrongNesting(outlines);
}

function outlinesOf(view: DataView, start: number, end: number): Outline[] | undefined {
  const outlines: Outline[] = [{ kind: BtfKind.VOID, size: 0, types: [], names: [] }];
  for (let at = start; at < end;) {
    if (at + TYPE_SIZE > end) return undefined;
    const info = view.getUint32(at + 4, true);
    const kind = info >>> 24 & 31;
    const [fixed, each] = TRAILERS[kind] ?? [0, 0];
    const parts = at + TYPE_SIZE + fixed;
    const next = parts + each * (info & 0xffff);
    if (next > end) return undefined;
    const { types = [], partName, partType } = REFERENCES[kind] ?? {};
    const words = (offset: number | undefined) => {
      const found: number[] = [];
      if (offset === undefined) return found;
      for (let part = parts; part < next; part += each) {
        found.push(view.getUint32(part + offset, true));
      }
      return found;
    };
    outlines.push({
      kind,
      size: view.getUint32(at + 8, true),
      types: [...types.map((offset) => view.getUint32(at + offset, true)), ...words(partType)],
      names: [view.getUint32(at, true), ...words(partName)],
    });
    at = next;
  }
  return outlines;
}

function wrongReference(outlines: readonly Outline[], stringsSize: number): string | undefined {
  const most = outlines.length - 1;
  for (const [id, { kind, size, types, names }] of outlines.entries()) {
    if (kind > BtfKind.ENUM64) return `type ${id} is of the unknown kind ${kind}`;
    const type = types.find((type) => type > most);
    if (type !== undefined) return `type ${id} refers to type ${type} of ${most}`;
    if (names.some((name) => name >= stringsSize && id > 0)) {
      return `a name of type ${id} is not among its strings`;
    }
    if (SIZES[kind]?.includes(size) === false) return `type ${id} is a number of ${size} bytes`;
    const targets = TARGETS[kind];
    if (targets && !types.every((type) => targets.includes(outlines[type]!.kind))) {
      return `type ${id} refers to a type of the wrong kind`;
    }
  }
  return undefined;
}

function wrongNesting(outlines: readonly Outline[]): string | undefined {
  const heights: number[] = [];
  const height = (id: number, depth: number): number => {
    if (depth > MAX_DEPTH) return Infinity;
    return heights[id] ??= 1 + contained(outlines[id]!).reduce(
      (highest, inner) => Math.max(highest, height(inner, depth + 1)),
      0,
    );
  };
  const id = outlines.findIndex((_, id) => height(id, 0) > MAX_DEPTH);
  return id < 0 ? undefined : `type ${id} contains itself or is nested too deeply`;
}

/** The types whose bytes are embedded in a type. */
function contained({ kind, types }: Outline): readonly number[] {
  if (kind === BtfKind.ARRAY) return types.slice(0, 1);
  const whole = kind === BtfKind.STRUCT || kind === BtfKind.UNION || MODIFIERS.has(kind);
  return whole ? types : [];
}
