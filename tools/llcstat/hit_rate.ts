/**
 * Computes the hit rate of a CPU cache.
 *
 * @module
 */

/** Counts of cache events. */
export interface CacheSums {
  readonly references: number;
  readonly misses: number;
}

/** Hits in per cent; 0 without references, and if sampling saw more misses than references. */
export function hitPercent({ references, misses }: CacheSums): number {
  if (references === 0) return 0;
  return 100 * Math.max(0, references - misses) / references;
}

/** Sums the counts. */
export function totals(all: readonly CacheSums[]): CacheSums {
  return {
    references: all.reduce((sum, { references }) => sum + references, 0),
    misses: all.reduce((sum, { misses }) => sum + misses, 0),
  };
}
