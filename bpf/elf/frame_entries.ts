/**
 * The entries of call frame information, one for each function, kept in typed arrays: a library may have a hundred
 * thousand.
 *
 * @module
 */

import { orderOf } from "../base/order.ts";
import type { FrameProgram } from "./frame_program.ts";

/** A common information entry (CIE): what the functions of a compilation unit share. */
export interface Common {
  readonly program: FrameProgram;
  /** The encoding of function addresses: DW_EH_PE_*. */
  readonly encoding: number;
  /** Whether entries have augmentation data before their instructions. */
  readonly isAugmented: boolean;
}

/**
 * Frame description entries (FDE): start, size and instructions of functions, in parallel arrays.
 */
export class FrameEntries {
  count = 0;
  starts: Uint32Array;
  /** Numbers of 64 bits, because one function may have the whole file. */
  sizes: Float64Array;
  /** Offsets of the instructions in the section. */
  from: Uint32Array;
  to: Uint32Array;
  /** Index in `all`. */
  commons: Uint32Array;
  readonly all: Common[] = [];

  /** @param room how many are expected */
  constructor(room: number) {
    this.starts = new Uint32Array(room);
    this.sizes = new Float64Array(room);
    this.from = new Uint32Array(room);
    this.to = new Uint32Array(room);
    this.commons = new Uint32Array(room);
  }

  add(start: number, size: number, common: Common, from: number, to: number): void {
    const at = this.count;
    if (at === this.starts.length) this.#grow(Math.ceil(at * 1.5) + 16);
    this.starts[at] = start;
    this.sizes[at] = size;
    this.from[at] = from;
    this.to[at] = to;
    if (this.all.at(-1) !== common) this.all.push(common);
    this.commons[at] = this.all.length - 1;
    this.count = at + 1;
  }

  #grow(room: number): void {
    this.starts = grown(this.starts, new Uint32Array(room));
    this.sizes = grown(this.sizes, new Float64Array(room));
    this.from = grown(this.from, new Uint32Array(room));
    this.to = grown(this.to, new Uint32Array(room));
    this.commons = grown(this.commons, new Uint32Array(room));
  }

  /** The permutation that sorts them by address; undefined when they are sorted. */
  order(): Uint32Array | undefined {
    const { starts, count } = this;
    let sorted = 1;
    while (sorted < count && starts[sorted - 1]! <= starts[sorted]!) sorted++;
    return sorted >= count ? undefined : orderOf(Float64Array.from(starts.subarray(0, count)));
  }
}

/** Copies to a larger array. */
export function grown<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
