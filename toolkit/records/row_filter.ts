/**
 * Filters of rows, as they are typed on the live page and for a replay: words that must all be in a
 * row, `path:/tmp`, `err=2`, `lat_ms>10`, `-word`, `/pattern/`.
 *
 * @module
 */

import { valueText } from "./value_text.ts";

/** Whether a row is wanted. */
export type Wanted = (values: readonly unknown[]) => boolean;

const TERM = /^([\w.-]+)(<=|>=|!=|[:=<>])(.+)$/;

/** The words of a filter; words with spaces are quoted. */
const wordsOf = (text: string): string[] =>
  Array.from(text.matchAll(/"([^"]*)"|\S+/g), ([word, quoted]) => quoted ?? word!);

/** The keys that a filter names: `path` of `path:/tmp`. */
export const keysIn = (text: string): string[] =>
  wordsOf(text).flatMap((word) => TERM.exec(word.replace(/^-(?=.)/, ""))?.[1] ?? []);

/**
 * Makes the function that tells whether a row passes the filter.
 * @param keys of the columns
 * @throws {SyntaxError} for a pattern that is none
 */
export function parseFilter(text: string, keys: readonly string[]): Wanted {
  const terms = wordsOf(text).map((word) => {
    const isNot = word.length > 1 && word.startsWith("-");
    const wanted = termOf(isNot ? word.slice(1) : word, keys);
    return isNot ? (values: readonly unknown[]) => !wanted(values) : wanted;
  });
  return (values) => terms.every((wanted) => wanted(values));
}

function termOf(word: string, keys: readonly string[]): Wanted {
  const [, key = "", operator = "", operand = ""] = TERM.exec(word) ?? [];
  const column = keys.findIndex((each) => each.toLowerCase() === key.toLowerCase());
  if (column < 0) {
    const has = textTest(word);
    return (values) => values.some((value) => has(valueText(value)));
  }
  if (operator === ":") {
    const has = textTest(operand);
    return (values) => has(valueText(values[column]));
  }
  if (operator === "=" || operator === "!=") {
    const isSame = operator === "=";
    return (values) => (valueText(values[column]) === operand) === isSame;
  }
  const limit = Number(operand);
  const compare = {
    "<": (value: number) => value < limit,
    ">": (value: number) => value > limit,
    "<=": (value: number) => value <= limit,
    ">=": (value: number) => value >= limit,
  }[operator]!;
  return (values) => {
    const value = values[column];
    return value !== null && value !== undefined && compare(Number(value));
  };
}

function textTest(word: string): (text: string) => boolean {
  const [, pattern] = /^\/(.+)\/$/.exec(word) ?? [];
  if (pattern !== undefined) {
    const expression = new RegExp(pattern, "iu");
    return (text) => expression.test(text);
  }
  const lower = word.toLowerCase();
  return (text) => text.toLowerCase().includes(lower);
}

/** The order of two values: numbers by size, before texts by their letters; what is missing comes last. */
export function compareValues(a: unknown, b: unknown): number {
  const isMissing = (value: unknown) => value === null || value === undefined;
  if (isMissing(a) || isMissing(b)) return Number(isMissing(a)) - Number(isMissing(b));
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [valueText(a), valueText(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
