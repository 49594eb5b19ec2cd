/**
 * Reports of tools that count: lines, tables and histograms, or the same as JSON.
 *
 * @module
 */

import {
  type HistogramSection,
  linearBuckets,
  linearLines,
  log2Buckets,
  log2Lines,
  sectionLines,
  type SectionOptions,
  type SlotCounts,
} from "../../mod.ts";
import { complain } from "./complain.ts";
import { clockText } from "./time_columns.ts";
import { type Column, headLine, jsonRow, tableRow } from "./columns.ts";
import { type Destination, once } from "./destination.ts";
import { escapeText, toJson } from "./escape.ts";
import type { Output } from "./output.ts";

/** How long a signal may have to wait, about. */
const SLICE_MS = 100;

/** Options for {@linkcode Report.histogram}. */
export interface ReportHistogramOptions {
  /** What is counted: `usecs`. */
  readonly valueType: string;
  /** One row per number instead of one per power of two. */
  readonly linear?: boolean;
  /** Additional members of the JSON record. */
  readonly about?: Readonly<Record<string, unknown>>;
}

/** Options for {@linkcode Report.histograms}. */
export interface ReportSectionOptions<S> extends ReportHistogramOptions, SectionOptions<S> {
  /** The unit: `usecs`. */
  readonly valueType: string;
  /** The sections' label: `disk`; in JSON the key, in lower case. */
  readonly sectionHeader: string;
  /** Members of a section's JSON record; default its text. */
  readonly members?: (section: S) => Readonly<Record<string, unknown>>;
}

/** One report. Text for people is left out of JSON, and records of JSON out of what people see. */
export class Report {
  /** Whether JSON is printed. */
  readonly json: boolean;
  /** When the report was made. */
  readonly time: Date = new Date();
  /**
   * Seconds since the report before, or since tracing began: what rates are of. The last interval may be cut
   * short, and a busy machine makes others longer.
   */
  readonly seconds: number;
  readonly #output: Output;
  readonly #name: string;
  readonly #isInterrupted: () => boolean;
  readonly #destination: Destination | undefined;

  /**
   * Made by the printer of reports (run/printer.ts).
   *
   * @param settings the tool's `name`; `destination`, which takes the records as well; and `isInterrupted`: whether a
   * signal came while the last report was made
   */
  constructor(output: Output, settings: {
    readonly json: boolean;
    readonly name: string;
    readonly seconds: number;
    readonly destination?: Destination | undefined;
    isInterrupted(): boolean;
  }) {
    this.#destination = settings.destination;
    settings.destination?.begin?.();
    this.#output = output;
    this.json = settings.json;
    this.seconds = settings.seconds;
    this.#name = settings.name;
    this.#isInterrupted = () => settings.isInterrupted();
  }

  /**
   * Calls `act` for each of many items that take long, such as stacks to symbolize, in slices of
   * time. A signal during the last report ends it early, and the number of items left out is
   * reported.
   *
   * @param what the items are, in the plural: `stacks`
   */
  async each<T>(items: readonly T[], what: string, act: (item: T) => void): Promise<void> {
    let end = performance.now() + SLICE_MS;
    for (const [i, item] of items.entries()) {
      if (performance.now() >= end) {
        // Signal handlers run when the event loop gets a turn.
        await new Promise((resolve) => setImmediate(resolve));
        // A report of thousands of stacks has megabytes.
        if (this.#output.full) await this.#output.flush();
        end = performance.now() + SLICE_MS;
      }
      if (this.#isInterrupted()) {
        const total = items.length - i;
        this.record("truncated", { what, total });
        complain(
          this.#name,
          `truncated ${total} ${what}: a signal came while the report was made`,
        );
        return;
      }
      act(item);
    }
  }

  /** Whether records are needed, for --json or another destination; text for people needs none. */
  get takesRecords(): boolean {
    return this.json || this.#destination !== undefined;
  }

  /** The time of day as bcc's tools print it: `17:05:09`. */
  get clock(): string {
    return clockText(this.time);
  }

  /** A line for people; control characters are escaped, except in a given prefix. */
  line(text = "", indent = ""): void {
    if (!this.json) this.#output.line(indent + escapeText(text));
  }

  /** Lines for people that `escapeLines()` has made one text of, without the last line's end. */
  escaped(text: string): void {
    if (!this.json) this.#output.line(text);
  }

  /** A record for programs: the time, `record: kind`, and these members. */
  record(kind: string, members: Readonly<Record<string, unknown>>): void {
    const json = once(() => toJson({ time: this.time.toISOString(), record: kind, ...members }));
    this.#destination?.record(kind, members, json);
    if (this.json && this.#output.prints) this.#output.line(json());
  }

  /** Rows below a heading; as JSON one object per row, with the time. */
  table<R>(
    columns: readonly Column<R>[],
    rows: Iterable<R>,
    options: { readonly heading?: boolean } = {},
  ): void {
    const time = { head: "time", value: () => this.time.toISOString() };
    const format = this.json ? jsonRow([time, ...columns]) : tableRow(columns);
    if (options.heading ?? true) this.line(headLine(columns));
    const take = this.#destination?.rows(columns);
    for (const row of rows) {
      const text = once(() => format(row));
      take?.(row, text);
      if (this.#output.prints) this.#output.line(text());
    }
  }

  /** A histogram. */
  histogram(counts: SlotCounts, options: ReportHistogramOptions): void {
    const { linear = false, valueType } = options;
    for (const line of (linear ? linearLines : log2Lines)(counts, { valueType })) this.line(line);
    this.#buckets(counts, options, options.about ?? {});
  }

  /** Several histograms, each after a line that names its section. */
  histograms<S>(sections: readonly HistogramSection<S>[], options: ReportSectionOptions<S>): void {
    const { linear = false, sectionHeader, formatSection = String } = options;
    const lines = sectionLines(sections, linear ? linearLines : log2Lines, options);
    for (const line of lines) this.line(line);
    const { members = (section) => ({ [sectionHeader.toLowerCase()]: formatSection(section) }) } =
      options;
    for (const { section, counts } of sections) this.#buckets(counts, options, members(section));
  }

  #buckets(
    counts: SlotCounts,
    { valueType, linear = false }: ReportHistogramOptions,
    members: Readonly<Record<string, unknown>>,
  ): void {
    if (!this.json) return;
    const buckets = (linear ? linearBuckets : log2Buckets)(counts);
    this.record("histogram", { ...members, value: valueType, buckets });
  }
}
