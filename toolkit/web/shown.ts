/**
 * Records as the page shows them: bounded, and escaped, so that no character makes a text look like
 * another one.
 *
 * @module
 */

import { escapeText } from "../output/escape.ts";

/** Longer texts are truncated: a page has no room for them. */
export const MAX_TEXT = 2000;
/** Longer lists are truncated. */
const MAX_ITEMS = 256;

/** A JSON value with texts escaped, and truncated where they are long. */
export function shown(value: unknown): unknown {
  if (typeof value === "string") return shownText(value);
  if (typeof value === "bigint") {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map(shown);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [shownText(name), shown(member)]),
  );
}

/** A text from another process, escaped as for a terminal and truncated. */
export function shownText(text: string): string {
  const escaped = escapeText(text);
  return escaped.length > MAX_TEXT ? `${escaped.slice(0, MAX_TEXT)}…` : escaped;
}
