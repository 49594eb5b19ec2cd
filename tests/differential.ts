/**
 * Compares random functions in TypeScript with the same in C by clang: `bun tests/differential.ts
 * FIRST COUNT` runs the seeds from FIRST on.
 *
 * @module
 */

import { compare } from "./support/differential.ts";

const [AT_A_TIME, ROUNDS] = [50, 8];
const [first = 1, count = 10_000] = process.argv.slice(2).map(Number);
const begun = Date.now();
const all = { pairs: 0, different: 0, refused: 0 };
const told = () => `${JSON.stringify(all)} after ${Math.round((Date.now() - begun) / 1000)} s`;

for (let seed = first; seed < first + count; seed += AT_A_TIME) {
  const length = Math.min(AT_A_TIME, first + count - seed);
  const { different, refused } = compare(Array.from({ length }, (_, i) => seed + i), ROUNDS);
  all.pairs += length;
  all.different += different.length;
  all.refused += refused.length;
  for (const each of different) console.log(`${each}\n`);
  for (const each of refused) console.log(`seed ${each}: clang's is too complex for the kernel`);
  if (all.pairs % 1000 === 0) console.log(`to ${seed + length}: ${told()}`);
}
console.log(`done: ${told()}`);
process.exitCode = all.different > 0 ? 1 : 0;
