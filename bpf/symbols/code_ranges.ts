/**
 * Names of ranges of code, where the last that was told of a place is right: what just-in-time
 * compilers write down of what they have made.
 *
 * Kept in typed arrays: a compiler may tell of a million functions. Names become strings when they
 * are asked for.
 *
 * @module
 */

import { decodeText } from "../../ffi/codec/mod.ts";

/** A function that a just-in-time compiler has made. */
export interface CompiledFunction {
  readonly name: string;
  readonly start: number;
}

/** A range without a size goes to the next one, but not for ever. */
const OPEN_SIZE = 65536;
/** No more are kept, nor more bytes of names: those who write the files are not to fill our memory. */
const [MAX_RANGES, MAX_NAME_BYTES] = [2 ** 22, 2 ** 28];
/** So many ranges are gone back to look for what was there at an earlier time. */
const MAX_EARLIER = 65536;
/** So many ranges are put in order again, rather than with all before them. */
const FEW = 1024;

/** Ranges in the order they were told. */
export class CodeRanges {
  #starts = new Float64Array(FEW);
  #sizes = new Float64Array(FEW);
  #times = new Float64Array(FEW);
  /** Where names begin; each ends where the next begins. */
  #nameAt = new Float64Array(FEW + 1);
  #names = new Uint8Array(FEW * 32);
  #count = 0;
  /** The first so many are in #all, the rest in #late. */
  #all = new Cells();
  #late = new Cells();
  readonly #text = new Map<number, string>();
  /** The last range that begins at an address, of the first so many: made when it is asked for. */
  readonly #byStart = new Map<number, number>();
  #indexed = 0;

  /** How many there are. */
  get size(): number {
    return this.#count;
  }

  /**
   * Adds a range.
   *
   * @param size 0: up to the next range
   * @param name bytes of UTF-8
   * @param time when it was made, as `bpf_ktime_get_ns` tells; 0 when nobody knows
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

  /** The bytes of the name that was given last to what begins at an address. */
  nameAt(start: number): Uint8Array | undefined {
    for (; this.#indexed < this.#count; this.#indexed++) {
      this.#byStart.set(this.#starts[this.#indexed]!, this.#indexed);
    }
    const i = this.#byStart.get(start);
    return i === undefined ? i : this.#names.subarray(this.#nameAt[i], this.#nameAt[i + 1]);
  }

  /** What was at an address: the last that was told of it, or the last before that time. */
  at(address: number, time: number = Infinity): CompiledFunction | undefined {
    this.#arrange();
    let index = this.#late.at(address);
    // What has no size ends where another range begins, also one that was told earlier.
    if (
      index >= 0 && this.#sizes[index] === 0 && this.#all.beginsIn(this.#starts[index]!, address)
    ) {
      index = -1;
    }
    if (index < 0) index = this.#all.at(address);
    if (index >= 0 && this.#times[index]! > time) index = this.#earlier(index, address, time);
    return index < 0 ? undefined : { name: this.#nameOf(index), start: this.#starts[index]! };
  }

  /** The last range before `index` that holds an address and was made in time, else `index`. */
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

/** Ranges cut at all of their borders, so that each piece belongs to one: the last that covers it. */
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

  /** Arranges those from one index to before another. */
  static of(allStarts: Float64Array, allSizes: Float64Array, from: number, to: number): Cells {
    const given = allStarts.subarray(from, to);
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
    // Painted from the last range to the first: what is painted stays, and is stepped over.
    const next = Uint32Array.from({ length: borders.length + 1 }, (_, i) => i);
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

  /** The index of the range at an address; -1 without one. */
  at(address: number): number {
    return this.#owners[above(this.#borders, address) - 1] ?? -1;
  }

  /** Whether a range begins behind a start, but not behind an address. */
  beginsIn(start: number, address: number): boolean {
    const next = this.#starts[above(this.#starts, start)];
    return next !== undefined && next <= address;
  }
}

/** The first position whose value is above another. */
function above(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = low + high >>> 1;
    if (values[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
