/**
 * Wait and hold times of locks, summed by caller.
 *
 * @module
 */

import { type Option, UsageError } from "../../toolkit/options/options.ts";

/** Statistics of the waits or holds of one caller. */
export interface LockTimes {
  readonly count: number;
  /** Nanoseconds. */
  readonly total: number;
  /** The longest, in nanoseconds. */
  readonly most: number;
}

/** The fields that tables can be sorted by, as `-S` names them. */
export type SortField = "max" | "total" | "count";

/** One sort field for each table. */
export interface Sorting {
  readonly acq: SortField;
  readonly hld: SortField;
}

/** Parses `-S acq_count,hld_total`: sort fields of the tables; default the maximum. */
export const sortOption: Option<Sorting> = {
  short: "S",
  long: "sort",
  meta: "SORT",
  help: "sort data on <aq_field,hd_field>, fields: acq_[max|total|count] hld_[max|total|count] " +
    "(default acq_max,hld_max)",
  initial: { acq: "max", hld: "max" },
  parse(value, before) {
    return value.split(",").reduce((sorting, word) => {
      const [, table, field] = /^(acq|hld)_(max|total|count)$/.exec(word) ?? [];
      if (table !== undefined) return { ...sorting, [table]: field };
      throw new UsageError(
        "expected acq_max, acq_total or acq_count, hld_max, hld_total or hld_count, or one of " +
          "each separated by a comma",
      );
    }, before);
  },
};

/** Merges rows with the same name: sums, and the largest maximum. */
export function mergeTimes<T extends LockTimes>(
  all: Iterable<T>,
  nameOf: (times: T) => string,
): T[] {
  return [...Map.groupBy(all, nameOf).values()].map((group) => ({
    ...group[0]!,
    count: group.reduce((sum, { count }) => sum + count, 0),
    total: group.reduce((sum, { total }) => sum + total, 0),
    most: Math.max(...group.map(({ most }) => most)),
  }));
}

/** Sorts by a field, the largest first. */
export function sortTimes<T extends LockTimes>(all: readonly T[], field: SortField): T[] {
  const key = field === "max" ? "most" : field;
  return all.toSorted((a, b) => b[key] - a[key]);
}
