/**
 * Which of many ranges of JIT-compiled code is valid at an address: of overlapping ranges the latest is.
 *
 * @module
 */

/** A range without a size extends to the next one, but not further than this. */
const OPEN_SIZE = 65536;

/** The starts and sizes of ranges; both arrays are replaced when they become too small. */
export interface Columns {
  readonly starts: Float64Array;
  readonly sizes: Float64Array;
}

/** Tells which of some ranges is valid at an address. */
export interface Pieces {
  /** Of how many ranges they are. */
  readonly count: number;
  /** The index of the range that contains an address; -1 for none. */
  at(address: number): number;
  /** Whether a range begins behind a start, but not behind an address. */
  beginsIn(start: number, address: number): boolean;
}

/** Ranges in ascending order that do not overlap, as many compilers report them: looked up where they are. */
class InOrder implements Pieces {
  readonly count: number;
  readonly #columns: Columns;
  readonly #from: number;

  constructor(columns: Columns, from: number, to: number) {
    this.#columns = columns;
    this.#from = from;
    this.count = to - from;
  }

  at(address: number): number {
    const { starts, sizes } = this.#columns;
    const index = above(starts, address, this.#from, this.#from + this.count) - 1;
    return index >= this.#from && address < starts[index]! + sizes[index]! ? index : -1;
  }

  beginsIn(start: number, address: number): boolean {
    const end = this.#from + this.count;
    const next = above(this.#columns.starts, start, this.#from, end);
    return next < end && this.#columns.starts[next]! <= address;
  }
}

/** The pieces of the ranges with indices from `from` up to, but not including, `to`. */
export function piecesOf(columns: Columns, from: number, to: number): Pieces {
  return isInOrder(columns, from, to)
    ? new InOrder(columns, from, to)
    : Cells.of(columns.starts.subarray(from, to), columns.sizes.subarray(from, to), from);
}

/**
 * Disjoint pieces, cut at the borders of all ranges: each belongs to the last range that covers it.
 */
class Cells implements Pieces {
  readonly count: number;
  readonly #borders: Float64Array;
  readonly #owners: Int32Array;
  readonly #starts: Float64Array;

  constructor(count: number, borders: Float64Array, owners: Int32Array, starts: Float64Array) {
    this.count = count;
    this.#borders = borders;
    this.#owners = owners;
    this.#starts = starts;
  }

  /** Builds the pieces of ranges, of which the first has the index `from`. */
  static of(given: Float64Array, sizes: Float64Array, from: number): Cells {
    const starts = given.slice().sort();
    const ends = sizes.slice();
    for (let i = 0; i < ends.length; i++) {
      const start = given[i]!;
      if (ends[i] !== 0) ends[i] = start + ends[i]!;
      else ends[i] = Math.min(starts[above(starts, start)] ?? Infinity, start + OPEN_SIZE);
    }
    const borders = new Float64Array(given.length * 2);
    borders.set(given);
    borders.set(ends, given.length);
    borders.sort();
    const owners = new Int32Array(borders.length).fill(-1);
    // Assigned from the last range to the first: pieces that have an owner keep it and are skipped.
    const next = new Uint32Array(borders.length + 1);
    for (let i = 0; i < next.length; i++) next[i] = i;
    const free = (cell: number) => {
      while (next[cell] !== cell) cell = next[cell] = next[next[cell]!]!;
      return cell;
    };
    for (let i = given.length - 1; i >= 0; i--) {
      let cell = free(above(borders, given[i]!) - 1);
      while (cell < borders.length - 1 && borders[cell]! < ends[i]!) {
        owners[cell] = from + i;
        next[cell] = cell + 1;
        cell = free(cell + 1);
      }
    }
    return new Cells(given.length, borders, owners, starts);
  }

  at(address: number): number {
    return this.#owners[above(this.#borders, address) - 1] ?? -1;
  }

  beginsIn(start: number, address: number): boolean {
    const next = this.#starts[above(this.#starts, start)];
    return next !== undefined && next <= address;
  }
}

/** Whether ranges are in ascending order and do not overlap. */
function isInOrder({ starts, sizes }: Columns, from: number, to: number): boolean {
  let last = -Infinity;
  for (let i = from; i < to; i++) {
    if (starts[i]! < last || sizes[i] === 0) return false;
    last = starts[i]! + sizes[i]!;
  }
  return true;
}

/** The first position whose value is greater than a given one, of those from `low` up to, but not including, `high`. */
function above(
  values: Float64Array,
  value: number,
  low: number = 0,
  high: number = values.length,
): number {
  while (low < high) {
    const middle = low + high >>> 1;
    if (values[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of no ranges. */
export const NO_PIECES: Pieces = { count: 0, at: () => -1, beginsIn: () => false };
