/**
 * Prints replayed records: as tables for people, or as lines of JSON.
 *
 * @module
 */

import { linearLines, log2Lines } from "../../mod.ts";
import { type Column, headLine, keyOf, tableRow } from "../../toolkit/output/columns.ts";
import type { Destination, RecordMembers, RowTaker } from "../../toolkit/output/destination.ts";
import { escapeText, toJson } from "../../toolkit/output/escape.ts";
import type { Output } from "../../toolkit/output/output.ts";
import { log2Slot } from "../../toolkit/records/log2_slot.ts";
import { clockText } from "../../toolkit/output/time_columns.ts";

/** Prints the lines that `--json` printed. */
export class JsonPrinter implements Destination {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  rows<R>(): RowTaker<R> {
    return (_, json) => this.#output.line(json());
  }

  record(_kind: string, _members: RecordMembers, json: () => string): void {
    this.#output.line(json());
  }

  async flush(): Promise<void> {
    await this.#output.flush();
  }
}

/** Prints tables, histograms and stacks. */
export class TablePrinter implements Destination {
  readonly #output: Output;
  readonly #isEvent: boolean;
  readonly #layout: readonly string[] | undefined;
  #heading = "";
  #hasTime = false;

  /**
   * @param isEvent whether the tool prints a row per event, not reports
   * @param layout the columns of events; undefined: all
   */
  constructor(output: Output, isEvent: boolean, layout: readonly string[] | undefined) {
    this.#output = output;
    this.#isEvent = isEvent;
    this.#layout = layout;
  }

  begin(): void {
    this.#heading = "";
    this.#hasTime = false;
  }

  rows<R>(columns: readonly Column<R>[]): RowTaker<R> {
    const shown = this.#layout
      ? this.#layout.flatMap((key) => columns.find((column) => keyOf(column) === key) ?? [])
      : columns.map((column) => ({ ...column, width: column.width ?? column.head.length }));
    const heading = headLine(shown);
    const format = tableRow(shown);
    const lists = columns.filter((column) => !shown.includes(column));
    return (row, json) => {
      this.#tellTime(() => JSON.parse(json()));
      if (heading !== this.#heading) this.#output.line(heading);
      this.#heading = heading;
      this.#output.line(format(row).trimEnd());
      // Stacks are printed below their event, as the tool does.
      for (const column of lists) {
        const value = column.value(row);
        if (!Array.isArray(value)) continue;
        for (const item of value) this.#output.line(`    ${escapeText(textOf(item))}`);
      }
    };
  }

  record(kind: string, members: RecordMembers): void {
    this.#tellTime(() => members);
    this.#heading = "";
    const { time: _, buckets, value, user, kernel, ...about } = members;
    const text = Object.entries(about).map(([key, each]) => `${key} = ${textOf(each)}`).join(", ");
    if (kind === "histogram") {
      if (text) this.#output.line(`\n${escapeText(text)}`);
      for (const line of histogramLines(buckets as Bucket[], textOf(value))) {
        this.#output.line(line);
      }
    } else if (kind === "stack") {
      for (const frame of [kernel, user].flatMap((list) => Array.isArray(list) ? list : [])) {
        this.#output.line(`    ${escapeText(textOf(frame))}`);
      }
      this.#output.line(`    ${escapeText(text)}\n`);
    } else {
      const rest = value === undefined ? "" : `, value = ${textOf(value)}`;
      this.#output.line(escapeText(`${kind}: ${text}${rest}`));
    }
  }

  async flush(): Promise<void> {
    await this.#output.flush();
  }

  /** Prints the time of a report once, above its first record. */
  #tellTime(members: () => RecordMembers): void {
    if (this.#isEvent || this.#hasTime) return;
    const time = new Date(textOf(members().time ?? ""));
    if (Number.isNaN(time.getTime())) return;
    this.#hasTime = true;
    this.#output.line(clockText(time));
  }
}

const textOf = (value: unknown): string =>
  typeof value === "object" ? toJson(value) : String(value);

interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

function histogramLines(buckets: readonly Bucket[], valueType: string): string[] {
  const slots = buckets.map(({ low, high }) => log2Slot(low, high));
  try {
    if (slots.every((slot) => slot !== undefined)) {
      return log2Lines(buckets.map(({ count }, i) => [slots[i]!, count] as const), { valueType });
    }
    const step = Math.max(buckets[0]!.high - buckets[0]!.low + 1, 1);
    const counts = buckets.map(({ low, count }) => [Math.round(low / step), count] as const);
    return linearLines(counts, { valueType, step });
  } catch {
    // A damaged or edited recording may have impossible buckets: they are printed as they are.
    return buckets.map(({ low, high, count }) => `${low} -> ${high} : ${count}`);
  }
}
