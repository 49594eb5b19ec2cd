/**
 * Named ranges of JIT-compiled code, as compilers report them; of overlapping ranges the latest is
 * valid.
 *
 * Kept in typed arrays: a compiler may report a million functions. Names become strings on demand (code_names.ts).
 *
 * @module
 */

import { decodeBytes } from "../../ffi/codec/text.ts";
import { type CodeNames, KeptNames } from "./code_names.ts";
import { NO_PIECES, type Pieces, piecesOf } from "./code_pieces.ts";

/** A function made by a JIT compiler. */
export interface CompiledFunction {
  readonly name: string;
  readonly start: number;
}

/** Limit: whoever writes the files must not exhaust our memory. */
const MAX_RANGES = 2 ** 22;
/** How many earlier ranges are searched for what was at an address at an earlier time. */
const MAX_EARLIER = 65536;
/** Up to this many new ranges are sorted by themselves, not together with all before them. */
const FEW = 1024;

/** Ranges in the order they were reported. */
export class CodeRanges {
  readonly #columns: { starts: Float64Array; sizes: Float64Array };
  /** Undefined as long as no time is known. */
  #times: Float64Array | undefined;
  readonly #names: CodeNames;
  #count = 0;
  /** The pieces of the ranges sorted so far; those of later ranges are in #late. */
  #all: Pieces = NO_PIECES;
  #late: Pieces = NO_PIECES;
  readonly #text = new Map<number, string>();
  /** The last range with a given start among those sorted, built on demand. */
  readonly #byStart = new Map<number, number>();
  #indexed = 0;

  /** @param expected about how many there will be, if that is known: memory is made for them at once */
  constructor(names: CodeNames = new KeptNames(), expected: number = 0) {
    this.#names = names;
    const room = Math.min(expected + FEW, MAX_RANGES);
    this.#columns = { starts: new Float64Array(room), sizes: new Float64Array(room) };
  }

  /** The number of ranges. */
  get size(): number {
    return this.#count;
  }

  /**
   * Adds a range.
   *
   * @param size 0: up to the next range
   * @param text contains the name, from `from` to `to`, as bytes of UTF-8
   * @param time when it was compiled, on the clock of `bpf_ktime_get_ns`; 0 when unknown
   */
  add(
    start: number,
    size: number,
    text: Uint8Array,
    time: number = 0,
    from: number = 0,
    to: number = text.length,
  ): void {
    const index = this.#count;
    if (index === MAX_RANGES || !this.#names.add(text, from, to)) return;
    if (index === this.#columns.starts.length) this.#grow();
    const { starts, sizes } = this.#columns;
    starts[index] = start;
    sizes[index] = size;
    if (time !== 0) this.#times ??= new Float64Array(starts.length);
    if (this.#times) this.#times[index] = time;
    this.#count = index + 1;
  }

  /** The name last given to the range that starts at an address, as bytes. */
  nameAt(start: number): Uint8Array | undefined {
    for (; this.#indexed < this.#count; this.#indexed++) {
      this.#byStart.set(this.#columns.starts[this.#indexed]!, this.#indexed);
    }
    const i = this.#byStart.get(start);
    return i === undefined ? i : this.#names.at(i);
  }

  /** What was at an address: the range reported last, or last before that time. */
  at(address: number, time: number = Infinity): CompiledFunction | undefined {
    this.#arrange();
    const { starts, sizes } = this.#columns;
    let index = this.#late.at(address);
    // A range without a size ends where another begins, also one reported earlier.
    if (index >= 0 && sizes[index] === 0 && this.#all.beginsIn(starts[index]!, address)) index = -1;
    if (index < 0) index = this.#all.at(address);
    const times = this.#times;
    if (times && index >= 0 && times[index]! > time) {
      index = this.#earlier(times, index, address, time);
    }
    const name = index < 0 ? undefined : this.#nameOf(index);
    return name === undefined ? undefined : { name, start: starts[index]! };
  }

  /**
   * The last range before `index` that contains an address and was compiled in time, else `index`.
   */
  #earlier(times: Float64Array, index: number, address: number, time: number): number {
    const { starts, sizes } = this.#columns;
    for (let i = index - 1; i >= Math.max(0, index - MAX_EARLIER); i--) {
      const start = starts[i]!;
      if (address >= start && address < start + sizes[i]! && times[i]! <= time) return i;
    }
    return index;
  }

  #nameOf(index: number): string | undefined {
    const known = this.#text.get(index);
    if (known !== undefined) return known;
    const bytes = this.#names.at(index);
    if (!bytes) return undefined;
    const text = decodeBytes(bytes);
    this.#text.set(index, text);
    return text;
  }

  #arrange(): void {
    const arranged = this.#all.count + this.#late.count;
    if (arranged === this.#count) return;
    const late = this.#count - this.#all.count;
    if (late > FEW + this.#all.count / 2) {
      this.#all = piecesOf(this.#columns, 0, this.#count);
      this.#late = NO_PIECES;
    } else this.#late = piecesOf(this.#columns, this.#all.count, this.#count);
  }

  #grow(): void {
    const columns = this.#columns;
    const room = columns.starts.length * 2;
    columns.starts = grown(columns.starts, new Float64Array(room));
    columns.sizes = grown(columns.sizes, new Float64Array(room));
    this.#times &&= grown(this.#times, new Float64Array(room));
  }
}

function grown(from: Float64Array, to: Float64Array): Float64Array {
  to.set(from);
  return to;
}
