/**
 * Escapes control bytes and invalid UTF-8 in strings that other processes chose.
 *
 * File and command names may contain any byte but NUL. Printed raw they could move the cursor,
 * change colours, fake lines, or retitle the terminal of whoever runs a tool as root.
 *
 * @module
 */

import { encodeText } from "../../mod.ts";

// C0, DEL and C1 controls; bytes of invalid UTF-8 (lone surrogates, see decodeText); line and
// paragraph separators; bidirectional controls; characters that XML forbids.
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]/u;
const UNSAFE_ALL = new RegExp(UNSAFE.source, "gu");
const SURROGATE = /\p{Cs}/u;
// What JSON.stringify does not escape although it affects terminals.
const UNSAFE_IN_JSON = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]/g;

const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeOne(character: string): string {
  const short = SHORT[character];
  if (short) return short;
  const code = character.codePointAt(0)!;
  // U+DC80 to U+DCFF stand for the bytes 0x80 to 0xff.
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  return `\\u{${code.toString(16)}}`;
}

/**
 * Escapes control characters for a terminal: `a\nb` prints as `a\nb` in one line, byte 0xff as
 * `\xff`.
 */
export function escapeText(text: string): string {
  return !isPlain(text) && UNSAFE.test(text) ? text.replace(UNSAFE_ALL, escapeOne) : text;
}

/** Lines as one text, each escaped by itself. */
export function escapeLines(lines: readonly string[]): string {
  return (isPlain(lines.join("")) ? lines : lines.map(escapeText)).join("\n");
}

/**
 * Whether the text needs no escaping in JSON or on a terminal: printable ASCII without `"` and `\`.
 */
export function isPlain(text: string): boolean {
  return /^[ !#-[\]-~]*$/.test(text);
}

/** Whether the text comes from bytes that are not valid UTF-8. */
export function hasRawBytes(text: string): boolean {
  return SURROGATE.test(text);
}

/** Methods that both runtimes have and TypeScript's library does not declare yet. */
type ExactJson = JSON & { rawJSON(text: string): unknown };

/** How JSON.stringify writes lone surrogates (and texts that only look like it). */
const SURROGATE_IN_JSON = /\\ud[89a-f]/i;

/**
 * Formats a JSON value in one line of printable characters; bigints keep all their digits.
 *
 * JSON cannot express bytes that are not valid UTF-8. A text with such bytes is escaped as in the
 * table, and a second key, with `_hex` appended, has the exact bytes; for a list it has those of
 * the affected items and null for the others.
 */
export function toJson(value: unknown): string {
  const json = stringify(value);
  return printable(SURROGATE_IN_JSON.test(json) ? stringify(escaped(value)) : json);
}

function stringify(value: unknown): string {
  return JSON.stringify(
    value,
    (_, item) => typeof item === "bigint" ? (JSON as ExactJson).rawJSON(String(item)) : item,
  );
}

/** The bytes of a text, or of a list's items, if any is not valid UTF-8. */
function hexOf(value: unknown): string | (string | null)[] | undefined {
  const isRaw = (item: unknown) => typeof item === "string" && hasRawBytes(item);
  if (isRaw(value)) return encodeText(value as string).toHex();
  if (!Array.isArray(value) || !value.some(isRaw)) return undefined;
  return value.map((item) => isRaw(item) ? encodeText(item).toHex() : null);
}

/** A member's JSON value, and its bytes if they cannot be derived from it. */
function members(key: string, value: unknown): [key: string, value: unknown][] {
  const name = escapeRaw(key);
  const hex = hexOf(value);
  const member: [string, unknown] = [name, escaped(value)];
  return hex === undefined ? [member] : [member, [`${name}_hex`, hex]];
}

function escaped(value: unknown): unknown {
  if (typeof value === "string") return escapeRaw(value);
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => members(key, member)),
  );
}

const escapeRaw = (text: string) => hasRawBytes(text) ? escapeText(text) : text;

function printable(json: string): string {
  return json.replace(
    UNSAFE_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
