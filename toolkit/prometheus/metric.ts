/**
 * One metric of a tool's records: a count of events, or a figure of reports.
 *
 * @module
 */

import type { Family } from "./family.ts";
import { LabelSets } from "./label_sets.ts";
import { metricName, type Unit, unitOf } from "./units.ts";

/** The values of a record by the names of its members. */
export type RecordValues = Readonly<Record<string, unknown>>;

/** A value as a label. */
export const labelText = (value: unknown): string =>
  value === null || value === undefined ? "" : String(value);

/** Counts and sums of one kind of records. */
export interface Metric {
  add(record: RecordValues): void;
  /** A report begins: gauges forget the previous one. */
  begin(): void;
  readonly families: readonly Family[];
  /** Whether there were too many label sets, so that some are summed under "other". */
  readonly isFull: boolean;
}

/** Counts records. */
export class Events implements Metric {
  readonly #sets: LabelSets<{ sum: number }>;
  readonly #labels: readonly string[];
  readonly #name: string;

  constructor(prefix: string, labels: readonly string[]) {
    this.#name = `${prefix}_events`;
    this.#labels = labels;
    this.#sets = new LabelSets(labels.map(metricName), () => ({ sum: 0 }));
  }

  get isFull(): boolean {
    return this.#sets.isFull;
  }

  add(record: RecordValues): void {
    this.#sets.of(this.#labels.map((name) => labelText(record[name]))).sum++;
  }

  begin(): void {}

  get families(): Family[] {
    return [{
      name: this.#name,
      type: "counter",
      help: "Events that the tool would have printed.",
      samples: [...this.#sets].map(([labels, { sum }]) => ({ labels, value: sum })),
    }];
  }
}

/** One member of reports: a counter of its sum, or a gauge of what the latest report says. */
export class Figure implements Metric {
  readonly #sets: LabelSets<{ sum: number; times: number }>;
  readonly #labels: readonly string[];
  readonly #member: string;
  readonly #isCounter: boolean;
  readonly #name: string;
  readonly #unit: Unit;

  constructor(prefix: string, member: string, labels: readonly string[], isCounter: boolean) {
    this.#unit = unitOf(member);
    this.#name = `${prefix}_${this.#unit.name}`;
    this.#member = member;
    this.#isCounter = isCounter;
    this.#labels = labels;
    this.#sets = new LabelSets(labels.map(metricName), () => ({ sum: 0, times: 0 }));
  }

  get isFull(): boolean {
    return this.#sets.isFull;
  }

  begin(): void {
    if (!this.#isCounter) this.#sets.clear();
  }

  add(record: RecordValues): void {
    const value = record[this.#member];
    if (typeof value !== "number" && typeof value !== "bigint") return;
    const set = this.#sets.of(this.#labels.map((name) => labelText(record[name])));
    set.sum += Number(value);
    set.times++;
  }

  get families(): Family[] {
    // A gauge that several rows of one label set report has no single value: ratios cannot be summed.
    const samples = [...this.#sets].filter(([, { times }]) => this.#isCounter || times === 1);
    return [{
      name: this.#name,
      type: this.#isCounter ? "counter" : "gauge",
      help: this.#isCounter
        ? `Sum of "${this.#member}" over all reports.`
        : `"${this.#member}" of the latest report.`,
      samples: samples.map(([labels, { sum }]) => ({ labels, value: sum * this.#unit.factor })),
    }];
  }
}
