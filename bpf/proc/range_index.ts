/**
 * An index of memory ranges by address and time: the last mapping at an address, and earlier ones.
 *
 * @module
 */

/** An address range, valid from a time on. */
export interface TimedRange {
  readonly start: bigint;
  readonly end: bigint;
  readonly since: number;
}

/** Up to this many ranges are searched linearly instead of being sorted. */
const FEW = 64;
/**
 * A JIT compiler that keeps mapping and unmapping would add ranges without end: beyond this number
 * the oldest are dropped.
 */
const MAX_RANGES = 2 ** 18;

/**
 * Ranges in the order they were added.
 *
 * Adding and copying are cheap: sorted runs are immutable and shared. Each run is larger than the
 * one after it, or of the maximum size, so there are few (as in a log-structured merge tree).
 */
export class RangeIndex<T extends TimedRange> {
  #runs: readonly Run<T>[] = [];
  #late: T[] = [];
  #size = 0;

  readonly #most: number;

  /** @param most how many are kept at most; then the oldest run is dropped */
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

  /**
   * The last range that contains an address and was added by that time; else the first that
   * contains it.
   */
  at(address: bigint, time: number): T | undefined {
    let earliest: T | undefined;
    for (let i = this.#late.length - 1; i >= 0; i--) {
      const range = this.#late[i]!;
      if (address < range.start || address >= range.end) continue;
      if (range.since <= time) return range;
      earliest = range;
    }
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      const [last, first] = find(this.#runs[i]!, address, time);
      if (last) return last;
      earliest = first ?? earliest;
    }
    return earliest;
  }

  /** A copy that shares the sorted runs. */
  copy(): RangeIndex<T> {
    const copy = new RangeIndex<T>([], this.#most);
    copy.#runs = this.#runs;
    copy.#late = this.#late.slice();
    copy.#size = this.#size;
    return copy;
  }
}

/** An immutable sorted run. */
interface Run<T> {
  /** In the order they were added. */
  readonly ranges: readonly T[];
  /** Their indices sorted by start address. */
  readonly order: Uint32Array;
  /** In the same order. Borders are page-aligned: exact as numbers. */
  readonly starts: Float64Array;
  /** The maximum end of all ranges up to each one. */
  readonly ends: Float64Array;
}

function runOf<T extends TimedRange>(ranges: readonly T[]): Run<T> {
  const starts = Float64Array.from(ranges, ({ start }) => Number(start));
  const order = Uint32Array.from(ranges, (_, i) => i);
  return arranged(ranges, order.sort((a, b) => starts[a]! - starts[b]! || a - b));
}

/** Merges two runs, of which the first is older. */
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

/** The last range in time that contains an address, and the first of all that contain it. */
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
