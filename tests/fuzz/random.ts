/**
 * Random numbers that are the same for the same seed, on every machine and under both runtimes.
 *
 * @module
 */

/** Whole numbers from 0 up to, not including, `limit`. */
export type Random = (limit: number) => number;

/** mulberry32, seeded by all of the words. */
export function randomOf(...words: readonly number[]): Random {
  let state = words.reduce((mixed, word) => mix(mixed ^ Math.imul(word + 1, 0x9e3779b1)), 1);
  return (limit) => {
    state = state + 0x6d2b79f5 | 0;
    return mix(state) % limit;
  };
}

/** Returns one of the values. */
export function oneOf<T>(random: Random, values: readonly T[]): T {
  return values[random(values.length)]!;
}

/** A 32-bit hash of a text. */
export function hashOf(text: string): number {
  return [...text].reduce((hash, letter) => mix(hash ^ letter.codePointAt(0)!), 0);
}

function mix(word: number): number {
  const mixed = word + Math.imul(word ^ word >>> 7, word | 61) ^ word;
  return Math.imul(mixed ^ mixed >>> 15, 0x2c1b3c6d) >>> 0;
}
