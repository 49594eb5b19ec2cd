/**
 * A table of functions by address, from one symbol table or several.
 *
 * @module
 */

import { orderOf } from "../base/order.ts";
import { StartIndex } from "./start_index.ts";
import type { DecodeName } from "./string_table.ts";
import { STT_FUNC, STT_GNU_IFUNC, type SymbolTable } from "./symbol_table.ts";

/** Functions sorted by address. */
export interface FunctionTable {
  readonly starts: Float64Array;
  /** Of the starts. */
  readonly index: StartIndex;
  /** 0 when unknown. */
  readonly sizes: Float64Array;
  /**
   * The index of the enclosing function: the last one before it that ends behind its start; -1 for
   * none.
   */
  readonly outer: Int32Array;
  /** @param decode by default as UTF-8 @throws {RangeError} when the file has been truncated */
  nameOf(index: number, decode?: DecodeName): string;
  /** How many leading underscores a name has. */
  underscoresOf(index: number): number;
}

/** Depth limit: functions nest two or three deep; a file that nests deeper is corrupt. */
const MAX_NESTING = 64;
/** How many aliases of a function are compared. */
const MAX_ALIASES = 64;

/** Merges symbol tables; earlier ones come first among functions with the same start. */
export function functionTable(tables: readonly SymbolTable[]): FunctionTable {
  const columns = tables.map((table) => table.columns([STT_FUNC, STT_GNU_IFUNC]));
  const addresses = joined(columns.map(({ addresses }) => addresses));
  const order = orderOf(addresses);
  const starts = arranged(addresses, order);
  const sizes = arranged(joined(columns.map(({ sizes }) => sizes)), order);
  const names = columns.map(({ namesAt }) => namesAt);
  // The functions of a table follow those of the one before.
  const firsts = names.map((_, i) =>
    names.slice(0, i).reduce((sum, { length }) => sum + length, 0)
  );
  const tableOf = (place: number) => {
    let number = firsts.length - 1;
    while (place < firsts[number]!) number--;
    return number;
  };
  return {
    starts,
    index: new StartIndex(starts),
    sizes,
    outer: outerFunctions(starts, sizes),
    nameOf(index, decode) {
      const place = order[index]!;
      const table = tableOf(place);
      return tables[table]!.names.textAt(names[table]![place - firsts[table]!]!, decode);
    },
    underscoresOf(index) {
      const place = order[index]!;
      const table = tableOf(place);
      return tables[table]!.names.underscoresAt(names[table]![place - firsts[table]!]!);
    },
  };
}

function arranged(values: Float64Array, order: Uint32Array): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = 0; i < result.length; i++) result[i] = values[order[i]!]!;
  return result;
}

/** One array of the values of several. */
function joined(parts: readonly Float64Array[]): Float64Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The innermost function that contains an address, the last of those with the same start. */
export function functionAt(table: FunctionTable, address: number): number | undefined {
  const { sizes, outer } = table;
  let index = table.index.upTo(address) - 1;
  for (let depth = 0; index >= 0 && depth < MAX_NESTING; depth++) {
    const around = outer[index]!;
    // A symbol without a size inside another function is a label.
    const isLabel = sizes[index] === 0 && around >= 0 && isIn(table, around, address);
    if (isIn(table, index, address) && !isLabel) return index;
    index = around;
  }
  return undefined;
}

/** Whether a function has another name that comes before it. */
export const hasAlias = ({ starts }: FunctionTable, index: number): boolean =>
  starts[index - 1] === starts[index];

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
  const outer = new Int32Array(starts.length);
  /** Those that may contain the next one, from the outermost. */
  const around: number[] = [];
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i]!;
    let last = around[around.length - 1];
    while (last !== undefined && starts[last]! + sizes[last]! <= start) {
      around.pop();
      last = around[around.length - 1];
    }
    outer[i] = last ?? -1;
    if (sizes[i]! > 0) around.push(i);
  }
  return outer;
}
