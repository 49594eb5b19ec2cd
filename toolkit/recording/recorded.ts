/**
 * The lines of a recording's blocks.
 *
 * @module
 */

import type { RecordShape } from "../records/record_shape.ts";

/** What is recorded: the one line of the first block of each file. */
export interface RecordingHead {
  /** Always {@linkcode FORMAT}. */
  readonly format: string;
  /** The tool's name, and the sentence that says what it shows. */
  readonly tool: string;
  readonly summary: string;
  /** The version of ts-bcc. */
  readonly version: string;
  /** What the tool was called with. */
  readonly arguments: readonly string[];
  /** The machine's name, and its kernel's release. */
  readonly host: string;
  readonly kernel: string;
  /** In milliseconds since 1970. */
  readonly started: number;
  /** Whether rows are events, or of reports. */
  readonly isEvent: boolean;
  /** What the records are made of. */
  readonly shapes: readonly RecordShape[];
  /** Which keys the tool's own table has, in their order, if all are among those of the records. */
  readonly layout?: readonly string[] | undefined;
}

/** The end of a recording: the one line of its last block. */
export interface RecordingEnd {
  /** In milliseconds since 1970. */
  readonly ended: number;
  /** Records that had no room in the file. */
  readonly dropped: number;
}

/** What {@linkcode RecordingHead.format} says. */
export const FORMAT = "ts-bcc recording 1";

/** A column as it is recorded. */
export interface RecordedColumn {
  readonly key: string;
  readonly head: string;
  readonly width?: number | undefined;
  readonly align?: "left" | "right" | undefined;
  readonly digits?: number | undefined;
  /** Whether rows have a text of it besides its value. */
  readonly isText?: true | undefined;
}

/** One line of a block of records. */
export type RecordedLine =
  | { readonly table: number; readonly columns: readonly RecordedColumn[] }
  | { readonly at: number; readonly begin: true }
  | { readonly at: number; readonly kind: string; readonly row: Row; readonly json: string }
  | {
    readonly at: number;
    readonly table: number;
    readonly texts?: readonly string[];
    readonly row: Row;
    readonly json: string;
  };

type Row = Readonly<Record<string, unknown>>;

/**
 * Stands before a record's own JSON, the last member of a line. No text contains it: quotation
 * marks inside a text have a backslash before them.
 */
const ROW = ',"row":';

/** A line with a record. @param before the members before it, without the closing brace */
export const recordLine = (before: string, json: string): string => `${before}${ROW}${json}}`;

/** Numbers that JSON.parse() would round. */
const LONG_NUMBER = /\d{16}/;
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
const exact: Reviver = (_, value, { source = "" }) =>
  typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value;

/** Parses JSON; whole numbers keep all their digits. @throws {SyntaxError} */
export function parseExactly(json: string): unknown {
  return LONG_NUMBER.test(json)
    ? JSON.parse(json, exact as Parameters<typeof JSON.parse>[1])
    : JSON.parse(json);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown) => typeof value === "string";

/** Keys with which an object cannot be converted to a string. No tool has such members. */
const ODD_KEYS = /"(toString|valueOf|__proto__)":/;

/** Parses a line; undefined if it is not in the format of recordings. */
export function parseLine(line: string): RecordedLine | undefined {
  try {
    if (ODD_KEYS.test(line)) return undefined;
    const at = line.indexOf(ROW);
    if (at < 0) return checkedLine(parseExactly(line));
    const json = line.slice(at + ROW.length, -1);
    if (!line.endsWith("}")) return undefined;
    const found = parseExactly(`${line.slice(0, at)}}`);
    return isObject(found) ? checkedLine({ ...found, row: parseExactly(json), json }) : undefined;
  } catch {
    return undefined;
  }
}

function checkedLine(found: unknown): RecordedLine | undefined {
  if (!isObject(found)) return undefined;
  if (found.columns !== undefined) {
    const isRight = typeof found.table === "number" && Array.isArray(found.columns) &&
      found.columns.every(isColumn);
    const columns = found.columns as RecordedColumn[];
    return isRight ? { table: found.table as number, columns } : undefined;
  }
  if (!Number.isFinite(found.at)) return undefined;
  if (found.begin === true) return { at: found.at as number, begin: true };
  const isRow = isObject(found.row) && isText(found.json) &&
    (isText(found.kind) || typeof found.table === "number") &&
    (found.texts === undefined || Array.isArray(found.texts) && found.texts.every(isText));
  if (!isRow || found.kind === "histogram" && !isHistogram(found.row as Row)) return undefined;
  return found as unknown as RecordedLine;
}

const isHistogram = ({ buckets }: Row) =>
  Array.isArray(buckets) &&
  buckets.every((each) =>
    isObject(each) && [each.low, each.high, each.count].every((value) => Number.isFinite(value))
  );

const MAX_WIDTH = 1000;
const isSmall = (value: unknown, most: number) =>
  value === undefined || Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most;

function isColumn(column: unknown): boolean {
  return isObject(column) && isText(column.key) && isText(column.head) &&
    isSmall(column.width, MAX_WIDTH) && isSmall(column.digits, 100) &&
    (column.align === undefined || column.align === "left" || column.align === "right");
}

/**
 * Parses the first block of a file; undefined if it is not a head of this version of the format.
 */
export function parseHead(text: string): RecordingHead | undefined {
  let head: unknown;
  try {
    head = JSON.parse(text);
  } catch {
    return undefined;
  }
  const isRight = isObject(head) && head.format === FORMAT &&
    ["tool", "summary", "version", "host", "kernel"].every((key) => isText((head as Row)[key])) &&
    [head.arguments, head.layout ?? []].every((list) =>
      Array.isArray(list) && list.every(isText)
    ) &&
    Number.isFinite(head.started) && typeof head.isEvent === "boolean" &&
    Array.isArray(head.shapes) && head.shapes.every(isShape);
  return isRight ? head as unknown as RecordingHead : undefined;
}

const isShape = (shape: unknown): boolean =>
  isObject(shape) && (shape.kind === undefined || isText(shape.kind)) && isObject(shape.members) &&
  Object.values(shape.members).every((member) =>
    isText(member) || isObject(member) || Array.isArray(member)
  );
