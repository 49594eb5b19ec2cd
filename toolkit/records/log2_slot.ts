/**
 * Slots of histograms whose buckets double (`log2Buckets()`), found again in records.
 *
 * @module
 */

/** Bounds from here on were rounded. */
const ROUNDED = 2 ** 53;

/**
 * The slot of a bucket: n from 2^(n-1) to 2^n - 1, except that slot 1 begins with 0; -n its mirror image. Undefined for
 * what is no bucket of such a histogram.
 */
export function log2Slot(low: number, high: number): number | undefined {
  if (low < 0) {
    const slot = log2Slot(high === -1 ? 0 : -high, -low);
    return slot === undefined ? undefined : -slot;
  }
  const slot = Math.round(Math.log2(high + 1));
  const isOne = 2 ** slot - 1 === high && low === (slot === 1 ? 0 : 2 ** (slot - 1));
  return isOne || high >= ROUNDED ? slot : undefined;
}
