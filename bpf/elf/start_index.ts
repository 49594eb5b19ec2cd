/**
 * Finds the function that begins last before an address, of hundreds of thousands, without a search through all.
 *
 * @module
 */

/** Starts for each bucket of the index, on average. */
const PER_BUCKET = 4;

/** An index of ascending numbers. */
export class StartIndex {
  readonly #starts: Float64Array;
  readonly #least: number;
  /** Buckets per byte of addresses. */
  readonly #scale: number;
  /** How many starts lie in earlier buckets, and in all. */
  readonly #before: Uint32Array;

  constructor(starts: Float64Array) {
    this.#starts = starts;
    const buckets = Math.ceil(starts.length / PER_BUCKET) + 1;
    this.#least = starts[0] ?? 0;
    this.#scale = (buckets - 1) / Math.max((starts.at(-1) ?? 0) - this.#least, 1);
    this.#before = new Uint32Array(buckets + 1);
    let bucket = 0;
    for (let i = 0; i < starts.length; i++) {
      // The table of a corrupt file may not ascend.
      const own = Math.min(this.#bucketOf(starts[i]!), buckets - 1);
      while (bucket < own) this.#before[++bucket] = i;
    }
    this.#before.fill(starts.length, bucket + 1);
  }

  /** How many starts are not above an address. */
  upTo(address: number): number {
    const starts = this.#starts;
    const bucket = this.#bucketOf(address);
    if (!(bucket >= 0)) return 0;
    if (bucket + 1 >= this.#before.length) return starts.length;
    let low = this.#before[bucket]!;
    let high = this.#before[bucket + 1]!;
    while (low < high) {
      const middle = low + high >>> 1;
      if (starts[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** It never decreases as addresses increase, so all starts of earlier buckets lie before an address. */
  #bucketOf(address: number): number {
    return Math.floor((address - this.#least) * this.#scale);
  }
}
