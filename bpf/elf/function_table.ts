/**
 * A table of functions by address, from one symbol table or several.
 *
 * @module
 */

import { orderOf } from "../base/order.ts";
import { STT_FUNC, STT_GNU_IFUNC, type SymbolTable } from "./symbol_table.ts";

/** Functions sorted by address. */
export interface FunctionTable {
  readonly starts: Float64Array;
  /** 0 when unknown. */
  readonly sizes: Float64Array;
  /**
   * The index of the enclosing function: the last one before it that ends behind its start; -1 for
   * none.
   */
  readonly outer: Int32Array;
  /** @throws {RangeError} when the file has been truncated */
  nameOf(index: number): string;
  /** How many leading underscores a name has. */
  underscoresOf(index: number): number;
}

/** Depth limit: functions nest two or three deep; a file that nests deeper is corrupt. */
const MAX_NESTING = 64;
/** How many aliases of a function are compared. */
const MAX_ALIASES = 64;
/** Columns: address, size, offset of the name, index of the symbol table. */
const COLUMNS = 4;

/** Merges symbol tables; earlier ones come first among functions with the same start. */
export function functionTable(tables: readonly SymbolTable[]): FunctionTable {
  let rows = new Float64Array(COLUMNS * 1024);
  let length = 0;
  tables.forEach((table, number) => {
    for (const { address, size, nameAt } of table.symbols([STT_FUNC, STT_GNU_IFUNC])) {
      if (length === rows.length) {
        const larger = new Float64Array(length * 2);
        larger.set(rows);
        rows = larger;
      }
      rows.set([address, size, nameAt, number], length);
      length += COLUMNS;
    }
  });
  const count = length / COLUMNS;
  const column = (n: number) => {
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) values[i] = rows[i * COLUMNS + n]!;
    return values;
  };
  const addresses = column(0);
  const order = orderOf(addresses);
  const sorted = (values: Float64Array) => values.map((_, i) => values[order[i]!]!);
  const [starts, sizes, places] = [sorted(addresses), sorted(column(1)), sorted(column(2))];
  const from = Uint8Array.from(sorted(column(3)));
  return {
    starts,
    sizes,
    outer: outerFunctions(starts, sizes),
    nameOf: (index) => tables[from[index]!]!.names.textAt(places[index]!),
    underscoresOf: (index) => tables[from[index]!]!.names.underscoresAt(places[index]!),
  };
}

/** The innermost function that contains an address, the last of those with the same start. */
export function functionAt(table: FunctionTable, address: number): number | undefined {
  const { starts, sizes, outer } = table;
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = low + high >>> 1;
    if (starts[middle]! <= address) low = middle + 1;
    else high = middle;
  }
  let index = low - 1;
  for (let depth = 0; index >= 0 && depth < MAX_NESTING; depth++) {
    const around = outer[index]!;
    // A symbol without a size inside another function is a label.
    const isLabel = sizes[index] === 0 && around >= 0 && isIn(table, around, address);
    if (isIn(table, index, address) && !isLabel) return index;
    index = around;
  }
  return undefined;
}

/**
 * Of several aliases the one with the fewest underscores is the public one: puts, not _IO_puts or
 * __GI__IO_puts.
 */
export function plainestAt(table: FunctionTable, found: number, address: number): number {
  const start = table.starts[found]!;
  let index = found;
  const least = Math.max(0, found - MAX_ALIASES);
  for (let other = found - 1; other >= least && table.starts[other] === start; other--) {
    const isPlainer = table.underscoresOf(other) <= table.underscoresOf(index);
    if (isPlainer && isIn(table, other, address)) index = other;
  }
  return index;
}

/** Whether a function extends to an address: assembly functions often have no size. */
function isIn({ starts, sizes }: FunctionTable, index: number, address: number): boolean {
  return sizes[index] === 0 || address < starts[index]! + sizes[index]!;
}

/** Computes the enclosing functions, of functions sorted by address. */
function outerFunctions(starts: Float64Array, sizes: Float64Array): Int32Array {
  const around: number[] = [];
  return Int32Array.from(starts, (start, i) => {
    while (around.length > 0 && starts[around.at(-1)!]! + sizes[around.at(-1)!]! <= start) {
      around.pop();
    }
    const outer = around.at(-1) ?? -1;
    if (sizes[i]! > 0) around.push(i);
    return outer;
  });
}
