/**
 * The label sets of one metric: how many there may be is bounded, and the rest is summed under `other`.
 *
 * @module
 */

import { escapeText } from "../output/escape.ts";
import type { Labels } from "./family.ts";

/** Limit on the label sets of a metric. Each is a time series; of a histogram, one per bucket. */
export const MAX_LABEL_SETS = 1000;

/** The value of every label of the set that sums what had no room. */
export const OTHER = "other";

/** Values by labels. */
export class LabelSets<T> {
  readonly #names: readonly string[];
  readonly #make: () => T;
  readonly #values = new Map<string, { readonly labels: readonly string[]; readonly value: T }>();
  #other: { readonly value: T } | undefined;

  /** @param names the labels' @param make makes the value of a label set that is new */
  constructor(names: readonly string[], make: () => T) {
    this.#names = names;
    this.#make = make;
  }

  /** How many label sets there are, with that of the others. */
  get size(): number {
    return this.#values.size;
  }

  /** Whether some had no room. */
  get isFull(): boolean {
    return this.#other !== undefined;
  }

  /** The value of a label set, or that of the others. @param labels as many as there are names */
  of(labels: readonly string[]): T {
    return this.#values.get(keyOf(labels))?.value ?? this.#add(labels);
  }

  #add(labels: readonly string[]): T {
    // One entry is reserved for `other`.
    if (this.#values.size < MAX_LABEL_SETS - 1) return this.#insert(labels);
    if (this.#other) return this.#other.value;
    const others = labels.map(() => OTHER);
    this.#other = { value: this.#values.get(keyOf(others))?.value ?? this.#insert(others) };
    return this.#other.value;
  }

  #insert(labels: readonly string[]): T {
    const value = this.#make();
    this.#values.set(keyOf(labels), { labels, value });
    return value;
  }

  /** Forgets all. */
  clear(): void {
    this.#values.clear();
    this.#other = undefined;
  }

  /** Each label set with its value; a label without a value is left out, which is the same to Prometheus. */
  *[Symbol.iterator](): Generator<readonly [labels: Labels, value: T]> {
    for (const { labels, value } of this.#values.values()) {
      const named = this.#names.map((name, i) => [name, escapeText(labels[i]!)] as const);
      yield [named.filter(([, text]) => text !== ""), value];
    }
  }
}

/** Values cannot hold NUL: they come from the kernel's texts. */
const keyOf = (labels: readonly string[]) => labels.length === 1 ? labels[0]! : labels.join("\0");
