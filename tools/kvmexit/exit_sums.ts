/**
 * Sums the counts of kvmexit.
 *
 * @module
 */

/** How often a thread left its guest for a reason. */
export interface Exits {
  readonly pid: number;
  readonly tid: number;
  readonly reason: string;
  readonly count: number;
}

/** Sums by the keys and the reason, sorted by the keys, then the most frequent reason first. */
export function sumOf(all: readonly Exits[], keys: readonly ("pid" | "tid")[]): Exits[] {
  const groups = Map.groupBy(all, (row) => [...keys.map((key) => row[key]), row.reason].join(" "));
  const sums = [...groups.values()].map((group) => ({
    ...group[0]!,
    count: group.reduce((sum, { count }) => sum + count, 0),
  }));
  const order = (a: Exits, b: Exits) =>
    keys.map((key) => a[key] - b[key]).find((difference) => difference !== 0) ?? b.count - a.count;
  return sums.sort(order);
}
