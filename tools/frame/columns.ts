/**
 * Rows of a table, and the same rows as JSON.
 *
 * @module
 */

import { encodeText } from "../../mod.ts";
import { escapeText, hasRawBytes, toJson } from "./escape.ts";

/** One column: what it is called and what an event says in it. */
export interface Column<E> {
  /** The heading, as bcc's tool has it: `PID`. */
  readonly head: string;
  /** Characters to fill: to the right of the value, or with `align: "right"` to its left. Default 0. */
  readonly width?: number;
  readonly align?: "left" | "right";
  /** The key in JSON. Default: the heading in lower case. */
  readonly key?: string;
  /** The value: what JSON holds, and what is printed unless `text` says otherwise. */
  value(event: E): string | number | boolean | null;
  /** How a person reads it. */
  text?(event: E): string;
}

/** Formats the heading. */
export function headLine<E>(columns: readonly Column<E>[]): string {
  return columns.map((column) => pad(column.head, column)).join(" ").trimEnd();
}

/** Formats one event as a line, columns one space apart. */
export function rowLine<E>(columns: readonly Column<E>[], event: E): string {
  let line = "";
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    const value = column.text ? column.text(event) : column.value(event);
    const text = typeof value === "string" ? escapeText(value) : String(value);
    line += i === 0 ? pad(text, column) : " " + pad(text, column);
  }
  return line;
}

/**
 * Formats one event as a JSON object. Text from bytes that are not UTF-8 is escaped as in the
 * table, and a second key with `_hex` behind its name holds the exact bytes.
 */
export function rowJson<E>(columns: readonly Column<E>[], event: E): string {
  const row: Record<string, unknown> = {};
  for (const column of columns) {
    const key = column.key ?? column.head.toLowerCase();
    const value = column.value(event);
    if (typeof value === "string" && hasRawBytes(value)) {
      row[key] = escapeText(value);
      row[`${key}_hex`] = encodeText(value).toHex();
    } else row[key] = value;
  }
  return toJson(row);
}

function pad(text: string, { width = 0, align = "left" }: { width?: number; align?: string }) {
  return align === "left" ? text.padEnd(width) : text.padStart(width);
}
