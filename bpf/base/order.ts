/**
 * Sorts parallel arrays by a permutation of their indices.
 *
 * @module
 */

/** The permutation that sorts `values` in ascending order; it is stable. */
export function orderOf(values: Float64Array): Uint32Array {
  const order = Uint32Array.from(values, (_, i) => i);
  // The kernel's own part comes sorted; only modules are out of order.
  const sorted = values.every((value, i) => i === 0 || values[i - 1]! <= value);
  return sorted ? order : order.sort((a, b) => values[a]! - values[b]! || a - b);
}
