/**
 * Records of a report as rows and tables, with columns found from their members.
 *
 * @module
 */

import type { PageColumn, ReportMessage } from "../messages.ts";
import { element, wholeText } from "./dom.ts";
import type { TableRow } from "./table_view.ts";

/** What a record holds, by name. */
export type Members = Readonly<Record<string, unknown>>;

/** Rows that are searched for columns, and limit on the rows shown for one kind of record. */
const MAX_LOOKED_AT = 50;
const MAX_SHOWN = 200;

/** The columns of a report's rows. */
export function columnsOf(rows: readonly Members[]): PageColumn[] {
  const keys = [...new Set(rows.slice(0, MAX_LOOKED_AT).flatMap((row) => Object.keys(row)))];
  return keys.filter((key) => key !== "time" && !key.endsWith("_hex")).map((key) => ({
    key,
    head: key.toUpperCase(),
    isNumber: rows.every((row) => row[key] === null || typeof row[key] === "number"),
  }));
}

/** A report's rows for the table. @param names those that stacks are indices of */
export function rowsOf(rows: readonly Members[], names: readonly string[]): TableRow[] {
  const keys = columnsOf(rows).map(({ key }) => key);
  return rows.map((members, i) => [i, keys.map((key) => readable(key, members[key], names))]);
}

/** A small table for each kind of record other than rows. */
export function recordTables(
  records: ReportMessage["records"],
  names: readonly string[],
): HTMLTableElement[] {
  return [...Map.groupBy(records, ([kind]) => kind!)].map(([kind, list]) => {
    const columns = columnsOf(list.map(([, members]) => members));
    const classOf = ({ isNumber }: PageColumn) => ({ class: isNumber ? "number" : "" });
    const head = columns.map((column) =>
      element("th", { scope: "col", ...classOf(column) }, column.head)
    );
    const lines = list.slice(0, MAX_SHOWN).map(([, members]) => {
      const cells = columns.map((column) => {
        const text = cellText(readable(column.key, members[column.key], names));
        return element("td", classOf(column), text);
      });
      return element("tr", {}, ...cells);
    });
    return element(
      "table",
      {},
      element("caption", {}, kind),
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...lines),
    );
  });
}

/** Stacks in rows are indices of names. */
const readable = (key: string, value: unknown, names: readonly string[]): unknown =>
  /^(user|kernel|stack)$/.test(key) && Array.isArray(value)
    ? value.map((index) => names[index as number] ?? "?").join(" ← ")
    : value;

function cellText(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? wholeText(value) : String(value);
  if (value === null || value === undefined) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
