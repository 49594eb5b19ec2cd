/**
 * Metrics of a tool's records.
 *
 * @module
 */

import { type Column, keyOf, membersOf } from "../output/columns.ts";
import type { Destination, RowTaker } from "../output/destination.ts";
import type { RecordShape } from "../records/record_shape.ts";
import type { Family } from "./family.ts";
import { LabelSets } from "./label_sets.ts";
import { checkLabels, kindsOf, labelsOf } from "./labels.ts";
import { Histograms } from "./histograms.ts";
import { Events, Figure, type Metric, type RecordValues } from "./metric.ts";
import { metricName } from "./units.ts";

/** Metrics by the kind of record that they are made of; undefined for rows. */
type ByKind = ReadonlyMap<string | undefined, readonly Metric[]>;

/** The metrics of one tool, fed with its records. */
export class Metrics implements Destination {
  readonly #prefix: string;
  readonly #isEvent: boolean;
  readonly #make: () => ByKind;
  #byKind: ByKind;
  /** The metrics of the report in progress, where reports are cumulative since the start. */
  #next: ByKind | undefined;
  readonly #isCumulative: boolean;
  /** The members that are labels of events: those that {@linkcode add} reads. */
  readonly eventLabels: readonly string[] = [];
  readonly #losses = new Map<string, LabelSets<{ total: number }>>();

  /**
   * @param tool its name
   * @param isEvent true: rows are events, and are counted; false: rows are of reports, and each of
   *   their numbers is a metric
   * @param asked members that are to be labels; none: see {@linkcode labelsOf}
   * @param isCumulative whether each report is cumulative since the start, and replaces the one
   * before
   * @throws {UsageError} for a label that no record has
   */
  constructor(
    tool: string,
    shapes: readonly RecordShape[],
    isEvent: boolean,
    asked: readonly string[],
    isCumulative = false,
  ) {
    this.#prefix = `tsbcc_${metricName(tool)}`;
    this.#isEvent = isEvent;
    this.#isCumulative = isCumulative;
    checkLabels(tool, shapes, asked);
    const labelled = shapes.map((shape) => [shape, labelsOf(shape, isEvent, asked)] as const);
    if (isEvent) this.eventLabels = labelled.at(-1)?.[1] ?? [];
    this.#make = () => {
      const byKind = new Map<string | undefined, Metric[]>();
      for (const [shape, labels] of labelled) {
        const before = byKind.get(shape.kind) ?? [];
        byKind.set(shape.kind, [...before, ...this.#metricsOf(shape, labels, isEvent)]);
      }
      return byKind;
    };
    this.#byKind = this.#make();
  }

  #metricsOf(shape: RecordShape, labels: readonly string[], isEvent: boolean): Metric[] {
    if (isEvent) return [new Events(this.#prefix, labels)];
    if (shape.kind === "histogram") return [new Histograms(this.#prefix, labels)];
    const prefix = [this.#prefix, ...shape.kind ? [metricName(shape.kind)] : []].join("_");
    return kindsOf(shape)
      .filter(([name, kind]) => (kind === "count" || kind === "number") && !labels.includes(name))
      .map(([name, kind]) => new Figure(prefix, name, labels, kind === "count"));
  }

  /** Whether there were too many label sets, so that some are summed under "other". */
  get isFull(): boolean {
    return [...this.#byKind.values()].flat().some(({ isFull }) => isFull);
  }

  /**
   * A report begins: gauges are set anew, and where reports are cumulative since the start, all
   * metrics.
   */
  begin(): void {
    if (this.#isCumulative) return void (this.#next = this.#make());
    for (const metrics of this.#byKind.values()) for (const metric of metrics) metric.begin();
  }

  /** A report is complete. Until then scrapes see the one before, or counters would seem to be reset. */
  flush(): void {
    if (this.#next) this.#byKind = this.#next;
    this.#next = undefined;
  }

  /** Makes what counts rows; of events only the labels are looked at. */
  rows<R>(columns: readonly Column<R>[]): RowTaker<R> {
    const members = membersOf(
      this.#isEvent
        ? columns.filter((column) => this.eventLabels.includes(keyOf(column)))
        : columns,
    );
    return (row) => this.add(undefined, members(row));
  }

  /** Counts a record that is no row. */
  record(kind: string, members: RecordValues): void {
    this.add(kind, members);
  }

  /** Counts a record. @param kind undefined for a row */
  add(kind: string | undefined, members: RecordValues): void {
    const metrics = (this.#next ?? this.#byKind).get(kind);
    for (const metric of metrics ?? []) metric.add(members);
    if (metrics || typeof members.what !== "string") return;
    this.lose(kind!, members.what, Number(members.total));
  }

  /** Sets how much was lost so far. @param kind "dropped", "missed" or "truncated" */
  lose(kind: string, what: string, total: number): void {
    const sets = this.#losses.get(kind) ?? new LabelSets(["what"], () => ({ total: 0 }));
    this.#losses.set(kind, sets);
    const loss = sets.of([what]);
    loss.total = Math.max(loss.total, total);
  }

  /** All metrics, with their present values. */
  get families(): Family[] {
    return [
      ...[...this.#byKind.values()].flat().flatMap(({ families }) => families),
      ...[...this.#losses].map(([kind, sets]): Family => ({
        name: `${this.#prefix}_${kind}`,
        type: "counter",
        help: `Lost so far: ${kind}.`,
        samples: [...sets].map(([labels, { total }]) => ({ labels, value: total })),
      })),
      {
        name: `${this.#prefix}_label_sets_full`,
        type: "gauge",
        help: '1 if the limit of label sets was reached: the rest is summed under "other".',
        samples: [{ labels: [], value: Number(this.isFull) }],
      },
    ];
  }
}
