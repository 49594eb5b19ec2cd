/**
 * The positions of functions in a text.
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

/**
 * All functions of a text, inner ones as well. Texts that only look like a function may be among
 * them, which does no harm.
 */
export function functionsIn(all: readonly Token[]): Stretch[] {
  const partner = partners(all);
  const found: Stretch[] = [];
  const is = (i: number, key: string) => all[i]?.key === key;
  /** The token behind a block that begins at the first `{` from here, before any of `ends`. */
  const behindBlock = walk((i) => {
    if (i >= all.length || /^[;)\]}]$/.test(all[i]!.key)) return NOWHERE;
    if (is(i, "{")) return partner[i]! < 0 ? NOWHERE : ~(partner[i]! + 1);
    return partner[i]! > i ? partner[i]! + 1 : i + 1;
  });
  const behindExpression = walk((i) => {
    if (i >= all.length) return ~i;
    const end = partner[i]!;
    // Parts of a template lead from one to the next.
    if (end > i) return partner[end]! > end ? end : end + 1;
    return all[i]!.kind === "mark" && /^[,;)\]}]$/.test(all[i]!.key) ? ~i : i + 1;
  });
  const arrowStart = arrowStarts(all, partner);
  const add = (from: number, to: number | undefined) => {
    if (to === undefined) return;
    found.push({ from: is(from - 1, "async") ? from - 1 : from, to });
  };
  all.forEach(({ key, kind }, i) => {
    if (kind === "mark" && key === "=>") {
      const from = arrowStart(i);
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

/** Finds the first token of the parameters of an arrow function. */
function arrowStarts(
  all: readonly Token[],
  partner: Int32Array,
): (arrow: number) => number | undefined {
  /**
   * The start of parameters in front of a result type, `(…): Type => …`; the end of the text if
   * their opening parenthesis is missing.
   */
  const beforeType = walk((i) => {
    if (i === 0 || /^[;,({[]$/.test(all[i]!.key)) return NOWHERE;
    if (all[i]!.key === ":" && all[i - 1]!.key === ")") {
      return ~(partner[i - 1]! < 0 ? all.length : partner[i - 1]!);
    }
    return Math.max((partner[i]! >= 0 && partner[i]! < i ? partner[i]! : i) - 1, 0);
  });
  return (arrow) => {
    const before = all[arrow - 1];
    if (!before) return undefined;
    if (before.key === ")" && before.kind === "mark") {
      return partner[arrow - 1]! < 0 ? undefined : partner[arrow - 1];
    }
    const from = beforeType(arrow - 1) ?? (before.kind === "word" ? arrow - 1 : undefined);
    return from === all.length ? undefined : from;
  };
}

/** What a step of {@linkcode walk} returns where nothing is found. */
const NOWHERE = -Infinity;

/**
 * Walks from token to token until a step returns `~index`, where `index` is the result. Each token
 * is visited once in total, however many walks pass it.
 */
function walk(step: (index: number) => number): (from: number) => number | undefined {
  const ends = new Map<number, number>();
  return (from) => {
    const path: number[] = [];
    let at = from;
    while (at >= 0) {
      const known = ends.get(at);
      if (known === undefined) path.push(at);
      at = known ?? step(at);
    }
    for (const each of path) ends.set(each, at);
    return at === NOWHERE ? undefined : ~at;
  };
}
