/**
 * Where functions stand in a text.
 *
 * @module
 */

import { partners, type Token } from "./tokens.ts";

/** A stretch of tokens; `to` is the first behind it. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Words before parentheses and a block that are no method's name. */
const STATEMENTS = new Set(["if", "for", "while", "switch", "catch", "with", "function"]);

/** All functions of a text, inner ones as well. What only looks like one does no harm. */
export function functionsIn(all: readonly Token[]): Stretch[] {
  const partner = partners(all);
  const found: Stretch[] = [];
  const is = (i: number, key: string) => all[i]?.key === key;
  /** The token behind a block that begins at the first `{` from here, before any of `ends`. */
  const behindBlock = (i: number): number | undefined => {
    for (; i < all.length && !/^[;)\]}]$/.test(all[i]!.key); i++) {
      if (is(i, "{")) return partner[i]! < 0 ? undefined : partner[i]! + 1;
      if (partner[i]! > i) i = partner[i]!;
    }
    return undefined;
  };
  const behindExpression = (i: number): number => {
    while (i < all.length) {
      if (partner[i]! > i) {
        // Parts of a template lead from one to the next.
        i = partner[i]!;
        if (partner[i]! > i) continue;
      } else if (all[i]!.kind === "mark" && /^[,;)\]}]$/.test(all[i]!.key)) return i;
      i++;
    }
    return i;
  };
  const add = (from: number, to: number | undefined) => {
    if (to === undefined) return;
    found.push({ from: is(from - 1, "async") ? from - 1 : from, to });
  };
  all.forEach(({ key, kind }, i) => {
    if (kind === "mark" && key === "=>") {
      const from = arrowStart(all, partner, i);
      const to = is(i + 1, "{") ? behindBlock(i + 1) : behindExpression(i + 1);
      if (from !== undefined) add(from, to);
    } else if (kind === "word" && key === "function") {
      const open = [i + 1, i + 2, i + 3].find((each) => is(each, "("));
      if (open !== undefined && partner[open]! > open) add(i, behindBlock(partner[open]! + 1));
    } else if (kind === "word" && is(i + 1, "(") && !STATEMENTS.has(key)) {
      const close = partner[i + 1]!;
      if (close > i && (is(close + 1, "{") || is(close + 1, ":"))) add(i, behindBlock(close + 1));
    }
  });
  return found;
}

/** The first token of the parameters of an arrow function. */
function arrowStart(
  all: readonly Token[],
  partner: Int32Array,
  arrow: number,
): number | undefined {
  const before = all[arrow - 1];
  if (before?.key === ")" && all[arrow - 1]?.kind === "mark") {
    return partner[arrow - 1]! < 0 ? undefined : partner[arrow - 1];
  }
  // Either `x => …`, or `(…): Type => …`.
  for (let i = arrow - 1; i > 0 && !/^[;,({[]$/.test(all[i]!.key); i--) {
    if (all[i]!.key === ":" && all[i - 1]!.key === ")") {
      return partner[i - 1]! < 0 ? undefined : partner[i - 1];
    }
    if (partner[i]! >= 0 && partner[i]! < i) i = partner[i]!;
  }
  return before?.kind === "word" ? arrow - 1 : undefined;
}
