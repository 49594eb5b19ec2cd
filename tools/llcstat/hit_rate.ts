/**
 * How many references to a cache were hits.
 *
 * @module
 */

/** Events of a cache. */
export interface CacheSums {
  readonly references: number;
  readonly misses: number;
}

/** Hits in per cent; 0 without references. More misses than references are sampling errors. */
export function hitPercent({ references, misses }: CacheSums): number {
  if (references === 0) return 0;
  return 100 * Math.max(0, references - misses) / references;
}

/** The sums of all. */
export function totals(all: readonly CacheSums[]): CacheSums {
  return {
    references: all.reduce((sum, { references }) => sum + references, 0),
    misses: all.reduce((sum, { misses }) => sum + misses, 0),
  };
}
