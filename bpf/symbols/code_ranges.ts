/**
 * Named ranges of JIT-compiled code, as compilers report them; of overlapping ranges the latest is
 * valid.
 *
 * Kept in typed arrays: a compiler may report a million functions. Names become strings on demand.
 *
 * @module
 */

import { decodeText } from "../../ffi/codec/mod.ts";

/** A function made by a JIT compiler. */
export interface CompiledFunction {
  readonly name: string;
  readonly start: number;
}

/** A range without a size extends to the next one, but not further than this. */
const OPEN_SIZE = 65536;
/** Limits on ranges and bytes of names: whoever writes the files must not exhaust our memory. */
const [MAX_RANGES, MAX_NAME_BYTES] = [2 ** 22, 2 ** 28];
/** How many earlier ranges are searched for what was at an address at an earlier time. */
const MAX_EARLIER = 65536;
/** Up to this many new ranges are sorted by themselves, not together with all before them. */
const FEW = 1024;

/** Ranges in the order they were reported. */
export class CodeRanges {
  #starts = new Float64Array(FEW);
  #sizes = new Float64Array(FEW);
  #times = new Float64Array(FEW);
  /** Offsets of the names; each ends where the next begins. */
  #nameAt = new Float64Array(FEW + 1);
  #names = new Uint8Array(FEW * 32);
  #count = 0;
  /** The pieces of the ranges sorted so far; those of later ranges are in #late. */
  #all = new Cells();
  #late = new Cells();
  readonly #text = new Map<number, string>();
  /** The last range with a given start among those sorted, built on demand. */
  readonly #byStart = new Map<number, number>();
  #indexed = 0;

  /** The number of ranges. */
  get size(): number {
    return this.#count;
  }

  /**
   * Adds a range.
   *
   * @param size 0: up to the next range
   * @param name bytes of UTF-8
   * @param time when it was compiled, on the clock of `bpf_ktime_get_ns`; 0 when unknown
   */
  add(start: number, size: number, name: Uint8Array, time: number = 0): void {
    const index = this.#count;
    if (index === MAX_RANGES || this.#nameAt[index]! + name.length > MAX_NAME_BYTES) return;
    if (index === this.#starts.length) this.#grow();
    this.#starts[index] = start;
    this.#sizes[index] = size;
    this.#times[index] = time;
    const at = this.#nameAt[index]!;
    const end = at + name.length;
    if (end > this.#names.length) {
      const larger = new Uint8Array(Math.max(this.#names.length * 2, end));
      larger.set(this.#names);
      this.#names = larger;
    }
    this.#names.set(name, at);
    this.#nameAt[index + 1] = end;
    this.#count = index + 1;
  }

  /** The name last given to the range that starts at an address, as bytes. */
  nameAt(start: number): Uint8Array | undefined {
    for (; this.#indexed < this.#count; this.#indexed++) {
      this.#byStart.set(this.#starts[this.#indexed]!, this.#indexed);
    }
    const i = this.#byStart.get(start);
    return i === undefined ? i : this.#names.subarray(this.#nameAt[i], this.#nameAt[i + 1]);
  }

  /** What was at an address: the range reported last, or last before that time. */
  at(address: number, time: number = Infinity): CompiledFunction | undefined {
    this.#arrange();
    let index = this.#late.at(address);
    // A range without a size ends where another begins, also one reported earlier.
    if (
      index >= 0 && this.#sizes[index] === 0 && this.#all.beginsIn(this.#starts[index]!, address)
    ) {
      index = -1;
    }
    if (index < 0) index = this.#all.at(address);
    if (index >= 0 && this.#times[index]! > time) index = this.#earlier(index, address, time);
    return index < 0 ? undefined : { name: this.#nameOf(index), start: this.#starts[index]! };
  }

  /**
   * The last range before `index` that contains an address and was compiled in time, else `index`.
   */
  #earlier(index: number, address: number, time: number): number {
    for (let i = index - 1; i >= Math.max(0, index - MAX_EARLIER); i--) {
      const start = this.#starts[i]!;
      if (address >= start && address < start + this.#sizes[i]! && this.#times[i]! <= time) {
        return i;
      }
    }
    return index;
  }

  #nameOf(index: number): string {
    let text = this.#text.get(index);
    if (text === undefined) {
      const [start, end] = [this.#nameAt[index]!, this.#nameAt[index + 1]!];
      text = decodeText(new DataView(this.#names.buffer), start, end - start);
      this.#text.set(index, text);
    }
    return text;
  }

  #arrange(): void {
    const arranged = this.#all.count + this.#late.count;
    if (arranged === this.#count) return;
    const late = this.#count - this.#all.count;
    if (late > FEW + this.#all.count / 2) {
      this.#all = Cells.of(this.#starts, this.#sizes, 0, this.#count);
      this.#late = new Cells();
    } else this.#late = Cells.of(this.#starts, this.#sizes, this.#all.count, this.#count);
  }

  #grow(): void {
    const room = this.#starts.length * 2;
    const grown = (from: Float64Array, size: number) => {
      const to = new Float64Array(size);
      to.set(from);
      return to;
    };
    this.#starts = grown(this.#starts, room);
    this.#sizes = grown(this.#sizes, room);
    this.#times = grown(this.#times, room);
    this.#nameAt = grown(this.#nameAt, room + 1);
  }
}

/**
 * Disjoint pieces, cut at the borders of all ranges: each belongs to the last range that covers it.
 */
class Cells {
  readonly count: number;
  readonly #borders: Float64Array;
  readonly #owners: Int32Array;
  readonly #starts: Float64Array;

  constructor(
    count = 0,
    borders = new Float64Array(),
    owners = new Int32Array(),
    starts = new Float64Array(),
  ) {
    this.count = count;
    this.#borders = borders;
    this.#owners = owners;
    this.#starts = starts;
  }

  /** Builds the pieces of the ranges with indices from `from` up to, but not including, `to`. */
  static of(allStarts: Float64Array, allSizes: Float64Array, from: number, to: number): Cells {
    const given = allStarts.subarray(from, to);
    const inOrder = inOrderOf(given, allSizes.subarray(from, to), from);
    if (inOrder) return inOrder;
    const starts = given.slice().sort();
    const ends = allSizes.slice(from, to);
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
    return new Cells(to - from, borders, owners, starts);
  }

  /** The index of the range that contains an address; -1 for none. */
  at(address: number): number {
    return this.#owners[above(this.#borders, address) - 1] ?? -1;
  }

  /** Whether a range begins behind a start, but not behind an address. */
  beginsIn(start: number, address: number): boolean {
    const next = this.#starts[above(this.#starts, start)];
    return next !== undefined && next <= address;
  }
}

/**
 * The pieces of ranges in ascending order that do not overlap, as many compilers report them;
 * undefined for other ranges.
 */
function inOrderOf(
  starts: Float64Array,
  sizes: Float64Array,
  from: number,
): Cells | undefined {
  const count = starts.length;
  let last = -Infinity;
  for (let i = 0; i < count; i++) {
    if (starts[i]! < last || sizes[i] === 0) return undefined;
    last = starts[i]! + sizes[i]!;
  }
  const borders = new Float64Array(count * 2);
  const owners = new Int32Array(count * 2).fill(-1);
  for (let i = 0; i < count; i++) {
    borders[i * 2] = starts[i]!;
    borders[i * 2 + 1] = starts[i]! + sizes[i]!;
    owners[i * 2] = from + i;
  }
  return new Cells(count, borders, owners, starts.slice());
}

/** The first position whose value is greater than a given one. */
function above(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = low + high >>> 1;
    if (values[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
