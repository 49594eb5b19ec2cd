/**
 * Rows of a table, and the same rows as JSON.
 *
 * @module
 */

import { eastAsianWidth } from "npm:get-east-asian-width@1.7.0";
import type { Member } from "../records/record_shape.ts";
import { escapeText, hasRawBytes, isPlain, toJson } from "./escape.ts";

/** The value that a column shows of an event. */
export type Value = string | number | bigint | boolean | null;

/** One column: its heading, and its value for an event. */
export interface Column<E> {
  /** The heading, as bcc's tool has it: `PID`. */
  readonly head: string;
  /**
   * Minimum width in cells: padding goes after the value, or with `align: "right"` before it.
   * Default 0.
   */
  readonly width?: number;
  /** Alignment. Default: left. */
  readonly align?: "left" | "right";
  /** The key in JSON. Default: the heading in lower case. */
  readonly key?: string;
  /** What the member holds in records, where sample events do not show it (run/plan_records.ts). */
  readonly member?: Member;
  /** The value: what JSON holds, and what is printed unless `text` says otherwise. */
  value(event: E): Value | readonly Value[];
  /** Digits after the decimal point in the table. */
  readonly digits?: number;
  /** The value's text in the table. */
  text?(event: E): string;
}

/** Columns in their order; `false` ones are left out. */
export type Columns<E> = readonly (Column<E> | false)[];

/** Formats the heading. */
export function headLine<E>(columns: readonly Column<E>[]): string {
  return columns.map((column) => pad(column.head, column)).join(" ").trimEnd();
}

/** Makes the function that formats events as lines, columns one space apart. */
export function tableRow<E>(columns: readonly Column<E>[]): (event: E) => string {
  const cells = columns.map((column) => {
    const text = textOf(column);
    const { width = 0, align = "left" } = column;
    // Half of a row's time was padEnd() and padStart(), under Bun: see bench/README.md.
    const spaces = Array.from({ length: width + 1 }, (_, count) => " ".repeat(count));
    const padAscii = align === "left"
      ? (cell: string) => cell.length < width ? cell + spaces[width - cell.length] : cell
      : (cell: string) => cell.length < width ? spaces[width - cell.length] + cell : cell;
    return (event: E) => {
      const value = text(event);
      // Nearly all text is printable ASCII, whose width is its length: it needs no further look.
      if (typeof value === "string") {
        return isPlain(value) ? padAscii(value) : pad(escapeText(value), column);
      }
      const shown = String(value ?? "?");
      return typeof value === "object" ? pad(shown, column) : padAscii(shown);
    };
  });
  return (event) => {
    let line = cells[0]?.(event) ?? "";
    for (let i = 1; i < cells.length; i++) line += " " + cells[i]!(event);
    return line;
  };
}

/**
 * Makes the function that formats events as JSON objects. Text from bytes that are not valid UTF-8
 * is escaped as in the table, and a second key, with `_hex` appended, has the exact bytes.
 */
export function jsonRow<E>(columns: readonly Column<E>[]): (event: E) => string {
  const members = columns.map((column, i) => {
    const key = keyOf(column);
    const before = `${i === 0 ? "{" : ","}${toJson(key)}:`;
    return (event: E) => {
      const value = column.value(event);
      if (typeof value === "string") {
        if (isPlain(value)) return `${before}"${value}"`;
        if (!hasRawBytes(value)) return before + toJson(value);
      } else if (typeof value !== "object" || value === null) {
        return before + jsonValue(value);
      } else if (!value.some((item) => typeof item === "string" && hasRawBytes(item))) {
        return `${before}[${value.map(jsonValue).join()}]`;
      }
      // Two members: the text, and its bytes.
      return before[0] + toJson({ [key]: value }).slice(1, -1);
    };
  });
  return (event) => {
    let row = "";
    for (const member of members) row += member(event);
    return (row || "{") + "}";
  };
}

/** The key of a column in records. */
export const keyOf = ({ key, head }: Pick<Column<never>, "key" | "head">): string =>
  key ?? head.toLowerCase();

/** Makes the function that gives the columns' values for an event, by their keys. */
export function membersOf<E>(
  columns: readonly Column<E>[],
): (event: E) => Record<string, Value | readonly Value[]> {
  return (event) => {
    const members: Record<string, Value | readonly Value[]> = {};
    for (const column of columns) members[keyOf(column)] = column.value(event);
    return members;
  };
}

/**
 * Numbers keep all their digits, even if the reader's JSON parser rounds them. Undefined comes from
 * tables of names that lack a number of a newer kernel.
 */
function jsonValue(value: Value | undefined): string {
  if (value === undefined) return "null";
  if (typeof value === "number" && !Number.isFinite(value)) return "null";
  if (typeof value !== "string") return String(value);
  return isPlain(value) ? `"${value}"` : toJson(value);
}

/** Formats the heading as comma-separated values. */
export function csvHead<E>(columns: readonly Column<E>[]): string {
  return columns.map(({ head }) => head).join(",");
}

/** Makes the function that formats events as comma-separated values (RFC 4180), with no padding. */
export function csvRow<E>(columns: readonly Column<E>[]): (event: E) => string {
  const cells = columns.map(textOf);
  return (event) =>
    cells.map((cell) => {
      const text = escapeText(String(cell(event)));
      return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    }).join(",");
}

/** A column's text in the table. */
function textOf<E>(column: Column<E>): (event: E) => ReturnType<Column<E>["value"]> {
  const { digits } = column;
  if (column.text) return column.text.bind(column);
  if (digits === undefined) return column.value.bind(column);
  return (event) => Number(column.value(event)).toFixed(digits);
}

function pad(text: string, { width = 0, align = "left" }: { width?: number; align?: string }) {
  // padEnd counts UTF-16 units, terminals count cells; they differ only outside ASCII.
  const units = width - displayWidth(text) + text.length;
  return align === "left" ? text.padEnd(units) : text.padStart(units);
}

/** How many cells of a terminal a text fills: two per CJK character, none per combining mark. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let cells = 0;
  for (const character of text) {
    if (!/[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) {
      cells += eastAsianWidth(character.codePointAt(0)!);
    }
  }
  return cells;
}
