/**
 * Histograms of a tool's records, added up over all reports.
 *
 * @module
 */

import { log2Slot } from "../records/log2_slot.ts";
import type { Distribution, Family, NativeBuckets } from "./family.ts";
import { LabelSets } from "./label_sets.ts";
import { labelText, type Metric, type RecordValues } from "./metric.ts";
import { metricName, unitOf } from "./units.ts";

interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** How many values there were, by the upper bounds of buckets. */
type Counts = Map<number, number>;

/** The histograms of one quantity. */
interface Quantity {
  readonly sets: LabelSets<Counts>;
  /** The slots of all buckets that were seen by their upper bounds; undefined for those that are no power of two. */
  readonly slots: Map<number, number | undefined>;
}

/**
 * Metrics of histograms: for each quantity that records name in `value` a classic one in its base
 * unit, and a native one in the unit that the kernel counts in, if its buckets double. The native
 * one cannot be in seconds: its bounds are powers of two, and powers of two in microseconds are not
 * powers of two in seconds.
 */
export class Histograms implements Metric {
  readonly #prefix: string;
  readonly #labels: readonly string[];
  readonly #quantities = new Map<string, Quantity>();

  constructor(prefix: string, labels: readonly string[]) {
    this.#prefix = prefix;
    this.#labels = labels;
  }

  get isFull(): boolean {
    return [...this.#quantities.values()].some(({ sets }) => sets.isFull);
  }

  begin(): void {}

  add(record: RecordValues): void {
    const { sets, slots } = this.#quantity(String(record.value));
    const counts = sets.of(this.#labels.map((name) => labelText(record[name])));
    for (const { low, high, count } of record.buckets as readonly Bucket[]) {
      if (!slots.has(high)) slots.set(high, log2Slot(low, high));
      counts.set(high, (counts.get(high) ?? 0) + count);
    }
  }

  #quantity(value: string): Quantity {
    const known = this.#quantities.get(value);
    if (known) return known;
    const sets = new LabelSets<Counts>(this.#labels.map(metricName), () => new Map());
    const made: Quantity = { sets, slots: new Map() };
    this.#quantities.set(value, made);
    return made;
  }

  get families(): Family[] {
    return [...this.#quantities].flatMap(([value, quantity]) => {
      const { name, factor } = unitOf(value);
      const help = `Distribution of ${value}, added up over all reports.`;
      const family = (called: string, distributions: Distribution[]): Family => ({
        name: `${this.#prefix}_${called}`,
        type: "histogram",
        help,
        distributions,
      });
      const classic = classicOf(quantity, factor);
      const native = nativeOf(quantity);
      const own = metricName(value);
      if (!native) return [family(name, classic)];
      // Both forms of one name are one metric.
      if (own === name) {
        return [family(name, classic.map((each, i) => ({ ...each, ...native[i] })))];
      }
      return [family(name, classic), family(own, native)];
    });
  }
}

/** The same buckets for each label set, as Prometheus wants it. */
function classicOf({ sets, slots }: Quantity, factor: number): Distribution[] {
  const highs = [...slots.keys()].sort((a, b) => a - b);
  // Times are truncated to whole units: the bucket up to 3 usecs holds all that is less than 4.
  const bounds = highs.map((high) =>
    factor === 1 ? high : Number(((high + 1) * factor).toPrecision(12))
  );
  return [...sets].map(([labels, counts]) => ({
    labels,
    count: sumOf(counts.values()),
    buckets: highs.map((high, i) => [bounds[i]!, counts.get(high) ?? 0] as const),
  }));
}

/** The native histograms; undefined where the bounds of some bucket are not powers of two. */
function nativeOf({ sets, slots }: Quantity): Distribution[] | undefined {
  if ([...slots.values()].includes(undefined)) return undefined;
  return [...sets].map(([labels, counts]) => {
    const bySlot = [...counts].map(([high, count]) => [slots.get(high)!, count] as const)
      .filter(([, count]) => count > 0);
    const native: NativeBuckets = {
      zero: sumOf(bySlot.filter(([slot]) => Math.abs(slot) <= 1).map(([, count]) => count)),
      positive: bySlot.filter(([slot]) => slot > 1).sort(([a], [b]) => a - b),
      negative: bySlot.filter(([slot]) => slot < -1).map(([slot, count]) => [-slot, count] as const)
        .sort(([a], [b]) => a - b),
    };
    return { labels, count: sumOf(counts.values()), native };
  });
}

const sumOf = (counts: Iterable<number>) => [...counts].reduce((sum, count) => sum + count, 0);
