/**
 * Metrics of a tool's records.
 *
 * @module
 */

import { UsageError } from "../options/options.ts";
import { kindOf, type MemberKind, type RecordShape } from "../records/record_shape.ts";
import type { Family } from "./exposition.ts";
import { LabelSets } from "./label_sets.ts";
import { metricName, type Unit, unitOf } from "./units.ts";

/** A record's members by name. */
export type Members = Readonly<Record<string, unknown>>;

interface Bucket {
  readonly high: number;
  readonly count: number;
}

/** What members of these kinds hold may be a label. */
const LABELS: readonly MemberKind[] = ["text", "number", "id", "flag"];
/** Labels that events have unless others are asked for. */
const WHO: readonly string[] = ["comm", "pcomm", "c_comm"];
/** Members of histograms that are no labels. */
const OF_HISTOGRAMS: readonly string[] = ["value", "buckets"];

/** The kinds of a shape's members that are no objects. */
function kindsOf({ members }: RecordShape): (readonly [name: string, kind: MemberKind])[] {
  return Object.entries(members).flatMap(([name, member]) =>
    typeof member === "string" ? [[name.replace(/\?$/, ""), kindOf(member)[0]] as const] : []
  );
}

/** Which members of a shape are labels. */
function labelsOf(shape: RecordShape, isEvent: boolean, asked: readonly string[]): string[] {
  const usable = kindsOf(shape).filter(([name, kind]) =>
    LABELS.includes(kind) && !(shape.kind === "histogram" && OF_HISTOGRAMS.includes(name))
  );
  const names = usable.map(([name]) => name);
  if (asked.length > 0) return asked.filter((name) => names.includes(name));
  if (isEvent) return names.filter((name) => WHO.includes(name)).slice(0, 1);
  return usable
    .filter(([, kind]) => kind === "text" || shape.kind === "histogram")
    .map(([name]) => name);
}

const labelText = (value: unknown) => value === null || value === undefined ? "" : String(value);

/** Counts and sums of one kind of records. */
interface Metric {
  add(record: Members): void;
  /** A report begins: what is told as it is now is told anew. */
  begin(): void;
  readonly families: readonly Family[];
  /** Whether all label sets have a place of their own. */
  readonly isFull: boolean;
}

/** How often there was such a record. */
class Events implements Metric {
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

  add(record: Members): void {
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

/** A member: a sum if it counts, else what the latest report says. */
class Figure implements Metric {
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

  add(record: Members): void {
    const value = record[this.#member];
    if (typeof value !== "number" && typeof value !== "bigint") return;
    const set = this.#sets.of(this.#labels.map((name) => labelText(record[name])));
    set.sum += Number(value);
    set.times++;
  }

  get families(): Family[] {
    // What several rows say of one label set is no number of it: a ratio cannot be summed.
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

/** Histograms, added up; what they count is told by the records. */
class Histograms implements Metric {
  readonly #prefix: string;
  readonly #labels: readonly string[];
  readonly #byValue = new Map<string, LabelSets<Map<number, number>>>();
  /** The highest value of each bucket that was seen, so that all label sets have the same. */
  readonly #bounds = new Map<string, Set<number>>();

  constructor(prefix: string, labels: readonly string[]) {
    this.#prefix = prefix;
    this.#labels = labels;
  }

  get isFull(): boolean {
    return [...this.#byValue.values()].some(({ isFull }) => isFull);
  }

  begin(): void {}

  add(record: Members): void {
    const value = String(record.value);
    let sets = this.#byValue.get(value);
    if (!sets) {
      sets = new LabelSets(this.#labels.map(metricName), () => new Map());
      this.#byValue.set(value, sets);
      this.#bounds.set(value, new Set());
    }
    const counts = sets.of(this.#labels.map((name) => labelText(record[name])));
    for (const { high, count } of record.buckets as readonly Bucket[]) {
      this.#bounds.get(value)!.add(high);
      counts.set(high, (counts.get(high) ?? 0) + count);
    }
  }

  get families(): Family[] {
    return [...this.#byValue].map(([value, sets]) => {
      const { name, factor } = unitOf(value);
      const bounds = [...this.#bounds.get(value)!].sort((a, b) => a - b);
      return {
        name: `${this.#prefix}_${name}`,
        type: "histogram",
        help: `Distribution of ${value}, added up over all reports.`,
        samples: [...sets].flatMap(([labels, counts]) => samplesOf(labels, counts, bounds, factor)),
      };
    });
  }
}

function samplesOf(
  labels: string,
  counts: ReadonlyMap<number, number>,
  bounds: readonly number[],
  factor: number,
) {
  let sum = 0;
  const bucket = (le: string, value: number) => ({
    suffix: "_bucket",
    labels: [labels, `le="${le}"`].filter(Boolean).join(),
    value,
  });
  const buckets = bounds.map((high) => {
    sum += counts.get(high) ?? 0;
    // Times are cut to whole units: what is counted up to 3 usecs is less than 4.
    const bound = factor === 1 ? high : Number(((high + 1) * factor).toPrecision(12));
    return bucket(String(bound), sum);
  });
  return [...buckets, bucket("+Inf", sum), { suffix: "_count", labels, value: sum }];
}

/** What is counted of a tool's records. */
export class Metrics {
  readonly #prefix: string;
  /** Metrics by the kind of records that they are of; rows have none. */
  readonly #byKind = new Map<string | undefined, Metric[]>();
  /** The members of events that are looked at. */
  readonly eventLabels: readonly string[] = [];
  readonly #losses = new Map<string, LabelSets<{ total: number }>>();

  /**
   * @param tool its name
   * @param isEvent whether rows are events, which are counted, or of reports, whose members are
   * @param asked members that are to be labels; none: see {@linkcode labelsOf}
   * @throws {UsageError} for a label that no record has
   */
  constructor(
    tool: string,
    shapes: readonly RecordShape[],
    isEvent: boolean,
    asked: readonly string[],
  ) {
    this.#prefix = `tsbcc_${metricName(tool)}`;
    const known = shapes.flatMap((shape) => kindsOf(shape))
      .filter(([name, kind]) => LABELS.includes(kind) && !OF_HISTOGRAMS.includes(name))
      .map(([name]) => name);
    const wrong = asked.find((name) => !known.includes(name));
    if (wrong !== undefined) {
      throw new UsageError(
        `no record of ${tool} has a member ${JSON.stringify(wrong)} that can be a label: ` +
          `there are ${[...new Set(known)].join(", ") || "none"}`,
      );
    }
    for (const shape of shapes) {
      const labels = labelsOf(shape, isEvent, asked);
      if (isEvent) this.eventLabels = labels;
      const list = this.#byKind.get(shape.kind) ?? [];
      list.push(...this.#metricsOf(shape, labels, isEvent));
      this.#byKind.set(shape.kind, list);
    }
  }

  #metricsOf(shape: RecordShape, labels: readonly string[], isEvent: boolean): Metric[] {
    if (isEvent) return [new Events(this.#prefix, labels)];
    if (shape.kind === "histogram") return [new Histograms(this.#prefix, labels)];
    const prefix = [this.#prefix, ...shape.kind ? [metricName(shape.kind)] : []].join("_");
    return kindsOf(shape)
      .filter(([name, kind]) => (kind === "count" || kind === "number") && !labels.includes(name))
      .map(([name, kind]) => new Figure(prefix, name, labels, kind === "count"));
  }

  /** Whether some label sets have no place of their own. */
  get isFull(): boolean {
    return [...this.#byKind.values()].flat().some(({ isFull }) => isFull);
  }

  /** A report begins. */
  begin(): void {
    for (const metrics of this.#byKind.values()) for (const metric of metrics) metric.begin();
  }

  /** Counts a record. @param kind of a row undefined */
  add(kind: string | undefined, members: Members): void {
    const metrics = this.#byKind.get(kind);
    for (const metric of metrics ?? []) metric.add(members);
    if (metrics || typeof members.what !== "string") return;
    this.lose(kind!, members.what, Number(members.total));
  }

  /** Tells how much was lost so far. @param kind "dropped", "missed" or "truncated" */
  lose(kind: string, what: string, total: number): void {
    const sets = this.#losses.get(kind) ?? new LabelSets(["what"], () => ({ total: 0 }));
    this.#losses.set(kind, sets);
    const loss = sets.of([what]);
    loss.total = Math.max(loss.total, total);
  }

  /** All that is known now. */
  get families(): Family[] {
    return [
      ...[...this.#byKind.values()].flat().flatMap(({ families }) => families),
      ...[...this.#losses].map(([kind, sets]): Family => ({
        name: `${this.#prefix}_${kind}`,
        type: "counter",
        help: `What the tool does not tell: ${kind}.`,
        samples: [...sets].map(([labels, { total }]) => ({ labels, value: total })),
      })),
      {
        name: `${this.#prefix}_label_sets_full`,
        type: "gauge",
        help: '1 if some label sets had no place of their own and are summed under "other".',
        samples: [{ labels: "", value: Number(this.isFull) }],
      },
    ];
  }
}
