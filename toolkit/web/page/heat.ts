/**
 * Histograms over time.
 *
 * @module
 */

/** Limit on the columns that are kept: more would hardly fit on a page. */
export const MAX_COLUMNS = 300;
/** Limit on the histograms that are kept. */
export const MAX_MAPS = 24;

/** One row of a histogram. */
export interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** One histogram of one report: counts by the lowest value of their bucket. */
export interface HeatColumn {
  readonly time: number;
  readonly counts: ReadonlyMap<number, number>;
}

/** One histogram over time. */
export class HeatMap {
  readonly title: string;
  /** What is counted: `usecs`. */
  readonly unit: string;
  columns: HeatColumn[] = [];
  /** The highest value of each bucket by its lowest. */
  readonly highs = new Map<number, number>();
  /** Counts over all reports, by the lowest value of their bucket. */
  readonly sums = new Map<number, number>();
  #before: ReadonlyMap<number, number> = new Map();

  constructor(title: string, unit: string) {
    this.title = title;
    this.unit = unit;
  }

  /** All that was counted. */
  get total(): number {
    return [...this.sums.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The lowest values of the buckets, from the smallest up. */
  get lows(): number[] {
    return [...this.highs.keys()].sort((a, b) => a - b);
  }

  /**
   * Adds a report's histogram.
   * @param isCumulative whether it covers the time since the start: then its difference to the one
   * before is added
   */
  add(time: number, buckets: readonly Bucket[], isCumulative: boolean): void {
    const given = new Map<number, number>();
    for (const { low, high, count } of buckets) {
      this.highs.set(low, high);
      given.set(low, (given.get(low) ?? 0) + count);
    }
    const counts = new Map<number, number>();
    for (const [low, count] of given) {
      const added = isCumulative ? Math.max(count - (this.#before.get(low) ?? 0), 0) : count;
      counts.set(low, added);
      this.sums.set(low, (this.sums.get(low) ?? 0) + added);
    }
    if (isCumulative) this.#before = given;
    this.columns.push({ time, counts });
    if (this.columns.length > MAX_COLUMNS) this.columns.shift();
  }

  /** Adds a report without this histogram: nothing was counted. */
  addNone(time: number): void {
    this.columns.push({ time, counts: new Map() });
    if (this.columns.length > MAX_COLUMNS) this.columns.shift();
  }
}

/** All histograms of a tool. */
export class HeatMaps {
  readonly maps = new Map<string, HeatMap>();
  /** How many histograms were left out because of the limit. */
  left = 0;

  /** Takes the histograms of a report. */
  add(
    time: number,
    histograms: readonly Readonly<Record<string, unknown>>[],
    isCumulative: boolean,
  ): void {
    const seen = new Set<HeatMap>();
    this.left = 0;
    for (const { value, buckets, time: _, ...about } of histograms) {
      const title = titleOf(about);
      const key = `${title}\n${value}`;
      let map = this.maps.get(key);
      if (!map && this.maps.size >= MAX_MAPS) {
        this.left++;
        continue;
      }
      if (!map) this.maps.set(key, map = new HeatMap(title, String(value)));
      if (seen.has(map)) continue;
      seen.add(map);
      map.add(time, buckets as readonly Bucket[], isCumulative);
    }
    for (const map of this.maps.values()) if (!seen.has(map)) map.addNone(time);
  }
}

/** What a histogram is about: `disk sda, operation read`. */
const titleOf = (about: Readonly<Record<string, unknown>>): string =>
  Object.entries(about)
    .filter(([, value]) => typeof value === "string" || typeof value === "number")
    .filter(([name]) => !/^(count|average|most|least|total)$/.test(name))
    .map(([name, value]) => name === "comm" ? String(value) : `${name} ${value}`).join(", ");
