/**
 * Gives the records of a recording to destinations, at any speed.
 *
 * @module
 */

import type { Column, Value } from "../output/columns.ts";
import type { Destination, RecordMembers, RowTaker } from "../output/destination.ts";
import { toJson } from "../output/escape.ts";
import type { RecordedColumn, RecordedLine } from "./recorded.ts";

/** A row of a recording. */
export interface RecordedRow {
  readonly members: Readonly<Record<string, unknown>>;
  /** The texts of those columns that have one, in their order. */
  readonly texts: readonly string[];
}

/** The columns of a recorded table; those with a text show it. */
export function columnsOf(columns: readonly RecordedColumn[]): Column<RecordedRow>[] {
  let texts = 0;
  return columns.map(({ key, head, width, align, digits, isText }) => {
    const place = isText ? texts++ : undefined;
    return {
      key,
      head,
      ...width !== undefined && { width },
      ...align !== undefined && { align },
      ...digits !== undefined && { digits },
      value: ({ members }) => valueOf(members[key]),
      ...place !== undefined && { text: ({ texts }: RecordedRow) => texts[place] ?? "?" },
    };
  });
}

/** A recorded value as the value of a column; what no tool records becomes JSON text. */
function valueOf(value: unknown): Value | readonly Value[] {
  if (Array.isArray(value)) {
    return value.map((each) => isObject(each) ? toJson(each) : each as Value);
  }
  return isObject(value) ? toJson(value) : (value ?? null) as Value;
}

const isObject = (value: unknown) => typeof value === "object" && value !== null;

/** Speed and callbacks of a replay. */
export interface ReplayOptions {
  /** Whether the pauses between records are as long as when they were recorded. */
  readonly asItWas: boolean;
  /** Called before each record. @param at when it was made, in milliseconds since 1970 */
  onTime?(at: number): void;
  /** Whether a record is wanted; default all are. @param kind undefined for a row */
  wants?(kind: string | undefined, members: RecordMembers): boolean;
  /** Called before a pause in which time passes as it did. */
  onPause?(): void;
  /** Waits, or returns early if the replay is to end. */
  wait(ms: number): Promise<void>;
  /** Whether the replay is to end. */
  isOver(): boolean;
}

/** The event loop gets a turn after this time at the latest. */
const SLICE_MS = 50;

/**
 * After a gap of this length the latest report is complete: no tool takes as long between two of
 * its records.
 */
const PAUSE_MS = 200;

/** Limit on the tables that are kept; no tool has more than a few. */
const MAX_TABLES = 100;

/** Gives lines of a recording to a destination. */
export class Giver {
  readonly #destination: Destination;
  /** By the columns as text: each report has the same tables again. */
  readonly #takers = new Map<string, RowTaker<RecordedRow>>();
  #tables = new Map<number, RowTaker<RecordedRow>>();

  /** @param destination gets all */
  constructor(destination: Destination) {
    this.#destination = destination;
  }

  /** A block begins: it repeats the columns of its tables. */
  begin(): void {
    this.#tables = new Map();
  }

  /** Gives one line. */
  give(line: RecordedLine): void {
    if (!("at" in line)) return void this.#tables.set(line.table, this.#takerOf(line.columns));
    if ("begin" in line) return this.#destination.begin?.();
    const { row, json } = line;
    if ("kind" in line) {
      return this.#destination.record(line.kind, membersOf(row), () => json);
    }
    this.#tables.get(line.table)?.({ members: row, texts: line.texts ?? [] }, () => json);
  }

  #takerOf(columns: readonly RecordedColumn[]): RowTaker<RecordedRow> {
    const key = JSON.stringify(columns);
    const taker = this.#takers.get(key) ?? this.#destination.rows(columnsOf(columns));
    if (this.#takers.size < MAX_TABLES) this.#takers.set(key, taker);
    return taker;
  }
}

/**
 * Gives all records to a destination.
 * @param blocks the lines of each intact block; blocks do not depend on each other
 */
export async function replay(
  blocks: Iterable<readonly RecordedLine[]>,
  destination: Destination,
  { asItWas, onTime, onPause, wants, wait, isOver }: ReplayOptions,
): Promise<void> {
  let first: number | undefined;
  const start = performance.now();
  const giver = new Giver(destination);
  for (const lines of blocks) {
    giver.begin();
    for (const line of lines) {
      if (isOver()) return;
      if (wants && "row" in line && !wants("kind" in line ? line.kind : undefined, line.row)) {
        continue;
      }
      if ("at" in line) first ??= line.at;
      const due = asItWas && "at" in line ? line.at - first! - (performance.now() - start) : 0;
      if (due > 0) {
        if (due > PAUSE_MS) onPause?.();
        await destination.flush?.();
        await wait(due);
      }
      if ("at" in line) onTime?.(line.at);
      giver.give(line);
    }
    await destination.flush?.();
    await turn();
  }
}

/** A record's members as the tool gave them. */
function membersOf({ record: _, ...members }: Readonly<Record<string, unknown>>) {
  return members;
}

let last = 0;

/**
 * Gives the event loop a turn, so that signals and requests are handled between blocks, and zlib's
 * memory of each block is freed.
 */
export async function turn(): Promise<void> {
  if (performance.now() - last < SLICE_MS) return;
  await new Promise((resolve) => setImmediate(resolve));
  last = performance.now();
}
