/**
 * Metrics as data, before they are written in a format.
 *
 * @module
 */

/** Labels in their order: names, and values without control bytes. */
export type Labels = readonly (readonly [name: string, value: string])[];

/** One number of a metric. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** A counter or a gauge. */
export interface NumberFamily {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/**
 * Counts of values in slots that double: slot n is for values above 2^(n-1) up to 2^n, and -n their
 * mirror image.
 */
export interface NativeBuckets {
  /** Values from -{@linkcode ZERO_THRESHOLD} to {@linkcode ZERO_THRESHOLD}. */
  readonly zero: number;
  /** By slots, in their order; none is 0. */
  readonly positive: readonly (readonly [slot: number, count: number])[];
  readonly negative: readonly (readonly [slot: number, count: number])[];
}

/** Histograms of the kernel side count all numbers below 2 in their first slot. */
export const ZERO_THRESHOLD = 2;

/** One histogram, with classic buckets, native ones or both. */
export interface Distribution {
  readonly labels: Labels;
  /** Of all values. */
  readonly count: number;
  /** Upper bounds in their order, and how many values are between each and the one before. */
  readonly buckets?: readonly (readonly [bound: number, count: number])[] | undefined;
  readonly native?: NativeBuckets | undefined;
}

/** Histograms. */
export interface HistogramFamily {
  readonly name: string;
  readonly type: "histogram";
  readonly help: string;
  readonly distributions: readonly Distribution[];
}

/** One metric. */
export type Family = NumberFamily | HistogramFamily;
