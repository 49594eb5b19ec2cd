/**
 * Histograms as text, as bcc prints them, and as data.
 *
 * A log2 histogram counts by powers of two: slot 0 is for 0, slot n for 2^(n-1) to 2^n - 1, except
 * that slot 1 begins with 0. Negative numbers have mirrored slots: slot -n is for -2^n + 1 to
 * -2^(n-1). A linear histogram counts each number, or equal ranges of numbers. All functions are
 * pure: the counts come from a map, an array or anywhere else.
 * @module
 */

/** Counts by slot: an array, a `Map` or a `BpfMap` with numbers; slots without a count are 0. */
export type SlotCounts = readonly number[] | Iterable<readonly [slot: number, count: number]>;

/** How a histogram is printed. */
export interface HistogramOptions {
  /** The unit, printed above the numbers: `usecs`. Default "value". */
  readonly valueType?: string;
  /** Leave out the rows before the first one with a count. */
  readonly stripLeadingZero?: boolean;
  /** Width of a slot in a linear histogram: slot n begins at n * step. Default 1. */
  readonly step?: number;
}

/** One row as data: how many values were from `low` to `high`; 2^53 and more are rounded. */
export interface Bucket {
  /** The lowest value that falls into it. */
  readonly low: number;
  /** The highest value that falls into it. */
  readonly high: number;
  /** How many values fell into it. */
  readonly count: number;
}

/** Slots of a log2 histogram of 64-bit numbers: 0 and each power of two. */
const LOG2_SLOTS = 65;
/** bcc's limit for linear histograms: a wrong argument should not print a million rows. */
const LINEAR_SLOTS = 1025;
const STARS = 40;
/** The highest slot printed in the narrow form: above it, numbers reach 2^32. */
const NARROW_SLOTS = 32;
/** The same for negative numbers, whose sign takes a column. */
const NARROW_NEGATIVE_SLOTS = 29;
/** The lowest 64-bit number. */
const LEAST = -(2n ** 63n);

/**
 * The rows of a log2 histogram, from the first slot with a count to the last. @throws {RangeError}
 */
export function log2Buckets(counts: SlotCounts): Bucket[] {
  return log2Rows(counts).rows.map(([slot, count]) => {
    const [low, high] = log2Range(slot).map(Number) as [number, number];
    return { low, high, count };
  });
}

/** The rows of a linear histogram, from 0 or the lowest number to the highest. @throws {RangeError} */
export function linearBuckets(
  counts: SlotCounts,
  { step = 1 }: Pick<HistogramOptions, "step"> = {},
): Bucket[] {
  return rowsOf(counts, LINEAR_SLOTS, "linear")
    .map(([slot, count]) => ({ low: slot * step, high: (slot + 1) * step - 1, count }));
}

/** The first and the last number of a log2 histogram's slot. */
function log2Range(slot: number): readonly [low: bigint, high: bigint] {
  const near = 1n << BigInt(Math.abs(slot) - 1);
  const far = 2n * near - 1n;
  if (slot > 0) return [slot === 1 ? 0n : near, far];
  return [-far < LEAST ? LEAST : -far, -near];
}

/**
 * A log2 histogram as lines of text; none when nothing was counted.
 *
 * @example
 * ```ts
 * import { log2Lines } from "./histogram.ts";
 *
 * const lines = log2Lines([0, 1, 3], { valueType: "usecs" });
 * const first = "         0 -> 1          : 1        |*************                           |";
 * if (lines[1] !== first) throw new Error(lines[1]);
 * ```
 */
export function log2Lines(counts: SlotCounts, options: HistogramOptions = {}): string[] {
  const { rows, most } = log2Rows(counts);
  const [lowest, highest] = [rows[0]?.[0] ?? 0, rows.at(-1)?.[0] ?? 0];
  const wide = highest > NARROW_SLOTS || lowest < -NARROW_NEGATIVE_SLOTS;
  const digits = wide ? 20 : 10;
  const title = " ".repeat(wide ? 15 : 5) + valueType(options).padEnd(wide ? 29 : 19);
  const range = (slot: number) => {
    const [low, high] = log2Range(slot);
    return `${String(low).padStart(digits)} -> ${String(high).padEnd(digits)}`;
  };
  return linesOf(rows, most, title, range, wide ? STARS / 2 : STARS, options);
}

/** A linear histogram as lines of text; none when nothing was counted. */
export function linearLines(counts: SlotCounts, options: HistogramOptions = {}): string[] {
  const rows = rowsOf(counts, LINEAR_SLOTS, "linear");
  const title = " ".repeat(5) + valueType(options).padEnd(13);
  const { step = 1 } = options;
  const range = (slot: number) => " ".repeat(8) + String(slot * step).padEnd(10);
  return linesOf(rows, highestCount(rows), title, range, STARS, options);
}

const valueType = (options: HistogramOptions) => options.valueType ?? "value";

function linesOf(
  rows: readonly Row[],
  most: number,
  title: string,
  range: (slot: number) => string,
  stars: number,
  { stripLeadingZero = false }: HistogramOptions,
): string[] {
  if (rows.length === 0) return [];
  const lines = [`${title} : count     distribution`];
  let skip = stripLeadingZero;
  for (const [slot, count] of rows) {
    skip &&= count === 0;
    if (skip) continue;
    const bar = "*".repeat(Math.floor(stars * count / most)).padEnd(stars);
    lines.push(`${range(slot)} : ${String(count).padEnd(8)} |${bar}|`);
  }
  return lines;
}

/** One histogram among several, by its section. */
export interface HistogramSection<S> {
  /** The section's key. */
  readonly section: S;
  /** How many values fell into each slot. */
  readonly counts: ReadonlyMap<number, number>;
}

/**
 * Splits the entries of a map into histograms, in the order in which they first appear.
 *
 * @param split tells a key's section and slot: `(key) => [key.disk, key.slot]`
 */
export function histogramSections<K, S>(
  entries: Iterable<readonly [key: K, count: number]>,
  split: (key: K) => readonly [section: S, slot: number],
): HistogramSection<S>[] {
  const sections = new Map<unknown, { section: S; counts: Map<number, number> }>();
  for (const [key, count] of entries) {
    const [section, slot] = split(key);
    // Struct keys are new objects at each read: equal ones have equal text.
    const id = typeof section === "object" ? textOf(section) : section;
    let found = sections.get(id);
    if (!found) sections.set(id, found = { section, counts: new Map() });
    found.counts.set(slot, (found.counts.get(slot) ?? 0) + count);
  }
  return [...sections.values()];
}

const textOf = (value: unknown) =>
  JSON.stringify(value, (_, part) => typeof part === "bigint" ? `${part}n` : part);

/** How sections are labelled in the text. */
export interface SectionOptions<S> extends HistogramOptions {
  /** The label of a section: `disk`. Default "Bucket ptr". */
  readonly sectionHeader?: string;
  /** A section as text; default `String`. */
  readonly formatSection?: (section: S) => string;
}

/**
 * Several histograms as lines of text, each below an empty line and a line `header = section`.
 *
 * @param print {@linkcode log2Lines} or {@linkcode linearLines}
 */
export function sectionLines<S>(
  sections: Iterable<HistogramSection<S>>,
  print: (counts: SlotCounts, options?: HistogramOptions) => string[],
  options: SectionOptions<S> = {},
): string[] {
  const { sectionHeader = "Bucket ptr", formatSection = String } = options;
  return [...sections].flatMap(({ section, counts }) => [
    "",
    `${sectionHeader} = ${formatSection(section)}`,
    ...print(counts, options),
  ]);
}

type Row = readonly [slot: number, count: number];

/**
 * The rows of a log2 histogram. As in bcc, slot 0 has no row, but its count scales the others.
 */
function log2Rows(counts: SlotCounts): { readonly rows: Row[]; readonly most: number } {
  const rows = rowsOf(counts, LOG2_SLOTS, "log2");
  return { rows: rows.filter(([slot]) => slot !== 0), most: highestCount(rows) };
}

const highestCount = (rows: readonly Row[]) =>
  rows.reduce((most, row) => Math.max(most, row[1]), 0);

/** Counts from slot 0, or the lowest slot with a count, up to the highest. */
function rowsOf(counts: SlotCounts, slots: number, kind: string): Row[] {
  const most = slots - 1;
  const known = new Map<number, number>();
  for (const [slot, count] of isPlain(counts) ? counts.entries() : counts) {
    if (count === 0) continue;
    if (!Number.isInteger(slot) || Math.abs(slot) > most) {
      throw new RangeError(
        `Cannot make a ${kind} histogram: expected slots from ${-most} to ${most}, found ${slot}`,
      );
    }
    known.set(slot, count);
  }
  if (known.size === 0) return [];
  const [lowest, highest] = [Math.min(0, ...known.keys()), Math.max(...known.keys())];
  return Array.from({ length: highest - lowest + 1 }, (_, i): Row => {
    const slot = lowest + i;
    return [slot, known.get(slot) ?? 0];
  });
}

function isPlain(counts: SlotCounts): counts is readonly number[] {
  return Array.isArray(counts) && typeof counts[0] === "number";
}
