/**
 * Finds the source of a function in the file that it was written in. Runtimes report the function's
 * text as their transpilers have changed it: without types, formatted anew (Deno), or with
 * constants folded as well (Bun).
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { readText } from "../../../ffi/libc/files.ts";
import { align } from "./align.ts";
import { functionsIn, type Stretch } from "./functions.ts";
import { type Token, tokens } from "./tokens.ts";

/** A stretch of text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where a function was given to its hook. */
export interface Site {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
}

/** A file that a function was written in. */
export interface Origin {
  /** The file's text. */
  readonly text: string;
  /** The part of the file that a part of the function's text comes from. */
  of(span: Span): Span;
}

/** Larger files are not read: the text is only for a message. */
const MAX_BYTES = 1 << 20;

/** Reads a site as {@linkcode callSite} returns it, `/home/me/opens.ts:12:3`. */
export function siteOf(text: string): Site | undefined {
  const [, path, line, column] = /^(.+):(\d+):(\d+)$/.exec(text) ?? [];
  if (path === undefined) return undefined;
  return { path: pathOf(path), line: Number(line), column: Number(column) };
}

function pathOf(text: string): string {
  try {
    return text.startsWith("file://") ? fileURLToPath(text) : text;
  } catch {
    return text;
  }
}

/**
 * The file, if it can be read and has that function: undefined when that is not sure.
 *
 * @param text the function's text as the runtime reports it
 * @param name the function's name, which helps where it was declared elsewhere
 */
export function originOf(text: string, name: string, site: Site): Origin | undefined {
  const file = readFile(site.path);
  if (file === undefined) return undefined;
  const made = tokens(text);
  if (LAST.text !== file) {
    const all = tokens(file);
    Object.assign(LAST, { text: file, written: all, functions: functionsIn(all) });
  }
  const { written, functions } = LAST;
  const begin = offsetOf(file, site);
  const found = bestOf(made, written, functions, name, begin);
  if (!found) return undefined;
  const { stretch, pairs } = found;
  return {
    text: file,
    of: (span) => spanOf(span, made, written, stretch, pairs),
  };
}

/** The file that was read last, for a script with several errors, or a test. */
const LAST = {
  text: "",
  written: [] as readonly Token[],
  functions: [] as readonly Stretch[],
};

function readFile(path: string): string | undefined {
  try {
    const text = readText(path);
    return text.length > MAX_BYTES ? undefined : text;
  } catch {
    return undefined; // a URL, or inside an executable
  }
}

function offsetOf(text: string, { line, column }: Site): number {
  let start = 0;
  for (let i = 1; i < line; i++) start = text.indexOf("\n", start) + 1;
  return start + column - 1;
}

interface Match {
  readonly stretch: Stretch;
  /** The index in the file of each token of the text, from the stretch's first; -1 for none. */
  readonly pairs: Int32Array;
}

/**
 * The most similar function, in the call itself if there is one. Undefined if no function has
 * nearly all names of the text, or if two are equally similar.
 */
function bestOf(
  made: readonly Token[],
  written: readonly Token[],
  functions: readonly Stretch[],
  name: string,
  begin: number,
): Match | undefined {
  const keys = made.map(({ key }) => key);
  const scored = functions.flatMap((stretch) => {
    const part = written.slice(stretch.from, stretch.to);
    // Types, and constants before folding, make the file's text longer.
    if (part.length < made.length / 3 || part.length > 6 * made.length + 50) return [];
    const known = new Set(part.map(({ key }) => key));
    if (isOther(made, (i) => known.has(made[i]!.key))) return [];
    const pairs = align(keys, part.map(({ key }) => key));
    if (!pairs || isOther(made, (i) => pairs[i]! >= 0)) return [];
    const common = pairs.reduce((sum, each) => each < 0 ? sum : sum + 1, 0);
    return [{ stretch, pairs, likeness: 2 * common / (made.length + part.length) }];
  });
  const best = (all: typeof scored, least = 0.5) => {
    const most = Math.max(...all.map(({ likeness }) => likeness));
    return most < least ? [] : all.filter(({ likeness }) => likeness === most);
  };
  const call = callAt(written, begin);
  const isInCall = ({ from, to }: Stretch) => call && from > call.from && to <= call.to;
  const inside = best(scored.filter(({ stretch }) => isInCall(stretch)), 0.1);
  if (inside.length > 0) return inside[0];
  const called = (stretch: Stretch) =>
    [stretch.from - 1, stretch.from, stretch.from + 1, stretch.from - 2]
      .some((i) => name !== "" && written[i]?.key === name);
  const named = best(scored.filter(({ stretch }) => called(stretch)));
  const elsewhere = named.length > 0 ? named : best(scored);
  return elsewhere.length === 1 ? elsewhere[0] : undefined;
}

/** Whether names in the text are missing in the file: transpilers remove names and add none. */
function isOther(made: readonly Token[], isThere: (index: number) => boolean): boolean {
  let [words, missing] = [0, 0];
  made.forEach(({ kind }, i) => {
    if (kind !== "word") return;
    words++;
    if (!isThere(i)) missing++;
  });
  return missing > words / 10;
}

/** The parentheses of the call that begins at an offset. */
function callAt(written: readonly Token[], begin: number): Stretch | undefined {
  const from = written.findIndex(({ key, start }) => start >= begin && key === "(");
  if (from < 0) return undefined;
  let depth = 0;
  for (let i = from; i < written.length; i++) {
    const { key, kind } = written[i]!;
    if (kind !== "mark") continue;
    if (/^[([{]$/.test(key)) depth++;
    else if (/^[)\]}]$/.test(key) && --depth === 0) return { from, to: i };
  }
  return undefined;
}

function spanOf(
  { start, end }: Span,
  made: readonly Token[],
  written: readonly Token[],
  { from, to }: Stretch,
  pairs: Int32Array,
): Span {
  let first = made.findIndex((token) => token.end > start);
  if (first < 0) first = made.length - 1;
  let last = first;
  while (last + 1 < made.length && made[last + 1]!.start < end) last++;
  // A folded constant has no partner: it stands for all tokens between the partners of its
  // neighbours.
  let before = first;
  while (before >= 0 && pairs[before]! < 0) before--;
  let behind = last;
  while (behind < made.length && pairs[behind]! < 0) behind++;
  const begin = before < 0 ? from : from + pairs[before]! + (before === first ? 0 : 1);
  const finish = behind >= made.length ? to - 1 : from + pairs[behind]! - (behind === last ? 0 : 1);
  const [opens, closes] = [written[begin]!, written[Math.max(begin, finish)]!];
  return { start: opens.start, end: closes.end };
}
