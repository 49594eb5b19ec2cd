/**
 * Ranges of memory by address and time: what was mapped last at an address, and what before it.
 *
 * @module
 */

/** A range of addresses since a time. */
export interface TimedRange {
  readonly start: bigint;
  readonly end: bigint;
  readonly since: number;
}

/** So many are looked through rather than put in order. */
const FEW = 64;
/**
 * A compiler that maps and unmaps all day adds ranges for ever: of more than this the oldest are
 * dropped.
 */
const MAX_RANGES = 2 ** 18;

/**
 * Ranges in the order they were added.
 *
 * Adding is cheap, and so is a copy: runs of ranges that were put in order are shared and never
 * changed. A run is larger than the one behind it, or as large as runs get, so that there are few.
 */
export class RangeIndex<T extends TimedRange> {
  #runs: readonly Run<T>[] = [];
  #late: T[] = [];
  #size = 0;

  readonly #most: number;

  /** @param most how many are kept at most; then the oldest go, by the run */
  constructor(ranges: readonly T[] = [], most = MAX_RANGES) {
    this.#most = most;
    for (const range of ranges) this.add(range);
  }

  get size(): number {
    return this.#size;
  }

  /** All of them, in the order they were added. */
  get ranges(): T[] {
    return [...this.#runs.flatMap(({ ranges }) => ranges), ...this.#late];
  }

  add(range: T): void {
    this.#late.push(range);
    this.#size++;
    if (this.#late.length < FEW) return;
    const runs = this.#runs.slice();
    let run = runOf(this.#late);
    const previous = () => runs.at(-1)?.ranges.length ?? Infinity;
    while (previous() <= run.ranges.length && previous() + run.ranges.length <= this.#most / 4) {
      run = merge(runs.pop()!, run);
    }
    runs.push(run);
    while (this.#size > this.#most) this.#size -= runs.shift()!.ranges.length;
    this.#runs = runs;
    this.#late = [];
  }

  /** The last that holds an address and was added by that time; else the first that holds it. */
  at(address: bigint, time: number): T | undefined {
    const isThere = ({ start, end }: T) => address >= start && address < end;
    const late = this.#late.findLast((range) => range.since <= time && isThere(range));
    if (late) return late;
    let earliest = this.#late.find(isThere);
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      const [last, first] = find(this.#runs[i]!, address, time);
      if (last) return last;
      earliest = first ?? earliest;
    }
    return earliest;
  }

  /** A second index with the same ranges, to which others are added. */
  copy(): RangeIndex<T> {
    const copy = new RangeIndex<T>([], this.#most);
    copy.#runs = this.#runs;
    copy.#late = this.#late.slice();
    copy.#size = this.#size;
    return copy;
  }
}

/** Ranges that do not change any more. */
interface Run<T> {
  /** In the order they were added. */
  readonly ranges: readonly T[];
  /** Their indices, by their first address. */
  readonly order: Uint32Array;
  /** By the same order. Borders are those of pages: exact as numbers. */
  readonly starts: Float64Array;
  /** Where the ranges up to each one end at most. */
  readonly ends: Float64Array;
}

function runOf<T extends TimedRange>(ranges: readonly T[]): Run<T> {
  const starts = Float64Array.from(ranges, ({ start }) => Number(start));
  const order = Uint32Array.from(ranges, (_, i) => i);
  return arranged(ranges, order.sort((a, b) => starts[a]! - starts[b]! || a - b));
}

/** One run of two, the first of which was added before the second. */
function merge<T extends TimedRange>(before: Run<T>, after: Run<T>): Run<T> {
  const [few, more] = [before.ranges.length, after.ranges.length];
  const order = new Uint32Array(few + more);
  for (let i = 0, j = 0; i + j < order.length;) {
    const takeBefore = j === more || (i < few && before.starts[i]! <= after.starts[j]!);
    order[i + j] = takeBefore ? before.order[i]! : after.order[j]! + few;
    if (takeBefore) i++;
    else j++;
  }
  return arranged([...before.ranges, ...after.ranges], order);
}

function arranged<T extends TimedRange>(ranges: readonly T[], order: Uint32Array): Run<T> {
  const starts = new Float64Array(order.length);
  const ends = new Float64Array(order.length);
  let end = 0;
  order.forEach((index, i) => {
    starts[i] = Number(ranges[index]!.start);
    ends[i] = end = Math.max(end, Number(ranges[index]!.end));
  });
  return { ranges, order, starts, ends };
}

/** The last that holds an address of those in time, and the first of all that hold it. */
function find<T extends TimedRange>(
  { ranges, order, starts, ends }: Run<T>,
  address: bigint,
  time: number,
): [T | undefined, T | undefined] {
  const wanted = Number(address);
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = low + high >>> 1;
    if (starts[middle]! <= wanted) low = middle + 1;
    else high = middle;
  }
  let [last, first] = [-1, Infinity];
  for (let i = low - 1; i >= 0 && ends[i]! >= wanted; i--) {
    const index = order[i]!;
    const { start, end, since } = ranges[index]!;
    if (address < start || address >= end) continue;
    first = Math.min(first, index);
    if (since <= time) last = Math.max(last, index);
  }
  return [ranges[last], ranges[first]];
}
