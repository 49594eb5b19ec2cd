/**
 * Records as the page shows them: bounded, and with nothing in them that could make a text look like another one.
 *
 * @module
 */

import { escapeText } from "../output/escape.ts";

/** Longer texts are cut: a page shows none that is as long. */
export const MAX_TEXT = 2000;
/** Longer lists are cut. */
const MAX_ITEMS = 256;

/** A value in JSON with texts escaped, and cut where they are long. */
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

/** A text of others, as a terminal would be shown it. */
export function shownText(text: string): string {
  const escaped = escapeText(text);
  return escaped.length > MAX_TEXT ? `${escaped.slice(0, MAX_TEXT)}…` : escaped;
}
