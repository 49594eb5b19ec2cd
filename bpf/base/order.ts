/**
 * Sorts parallel arrays by a permutation of their indices.
 *
 * @module
 */

/** The permutation that sorts `values` in ascending order; it is stable. */
export function orderOf(values: Float64Array): Uint32Array {
  const count = values.length;
  const order = new Uint32Array(count);
  let isSorted = true;
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    order[i] = i;
    const value = values[i]!;
    if (value < most) isSorted = false;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  // /proc/kallsyms has the kernel's own symbols sorted; only those of modules are out of order.
  if (isSorted) return order;
  // Sorting numbers needs no calls of a comparison: value and index in one, where both fit exactly.
  if ((most - least + 1) * count <= Number.MAX_SAFE_INTEGER && values.every(Number.isInteger)) {
    const both = new Float64Array(count);
    for (let i = 0; i < count; i++) both[i] = (values[i]! - least) * count + i;
    both.sort();
    for (let i = 0; i < count; i++) order[i] = both[i]! % count;
    return order;
  }
  return order.sort((a, b) => values[a]! - values[b]! || a - b);
}
