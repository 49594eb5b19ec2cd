/**
 * Aggregates per-CPU values: `sum(map.get(key)!)`.
 *
 * All take numbers or bigints, one per possible CPU; offline CPUs hold 0.
 *
 * @module
 */

/** Numbers of one kind. */
export type Numeric = number | bigint;

/** The sum; 0 or 0n. @throws {RangeError} for no values */
export function sum<T extends Numeric>(values: readonly T[]): T {
  return reduce(values, (a, b) => (a as number) + (b as number) as T);
}

/** The largest value. @throws {RangeError} for no values */
export function max<T extends Numeric>(values: readonly T[]): T {
  return reduce(values, (a, b) => a > b ? a : b);
}

/** The smallest value. @throws {RangeError} for no values */
export function min<T extends Numeric>(values: readonly T[]): T {
  return reduce(values, (a, b) => a < b ? a : b);
}

/** The mean, as a number. @throws {RangeError} for no values */
export function average(values: readonly Numeric[]): number {
  return Number(sum(values)) / values.length;
}

function reduce<T>(values: readonly T[], step: (a: T, b: T) => T): T {
  if (values.length === 0) throw new RangeError("Cannot reduce the values of no CPU");
  return values.reduce(step);
}
