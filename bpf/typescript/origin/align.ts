/**
 * The longest common subsequence of two lists.
 *
 * @module
 */

/** Lists that differ by more are not of one origin. */
const MAX_DIFFERENCES = 4000;

/**
 * For each element of `from` the index of its partner in `to`, or -1; undefined for lists that have
 * little in common. E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986).
 */
export function align(from: readonly string[], to: readonly string[]): Int32Array | undefined {
  const most = Math.min(from.length + to.length, MAX_DIFFERENCES);
  // The furthest index in `from` on each diagonal, for each number of differences.
  const furthest = new Int32Array(2 * most + 3);
  const at = (diagonal: number) => diagonal + most + 1;
  const steps: Int32Array[] = [];
  for (let differences = 0; differences <= most; differences++) {
    for (let diagonal = -differences; diagonal <= differences; diagonal += 2) {
      let x = cameDown(furthest, at(diagonal), diagonal, differences)
        ? furthest[at(diagonal + 1)]!
        : furthest[at(diagonal - 1)]! + 1;
      while (x < from.length && x - diagonal < to.length && from[x] === to[x - diagonal]) x++;
      furthest[at(diagonal)] = x;
      if (x >= from.length && x - diagonal >= to.length) {
        return trace(steps, from, to, at);
      }
    }
    steps.push(furthest.slice());
  }
  return undefined;
}

/** Whether the best path to a diagonal skips an element of `to`. */
const cameDown = (furthest: Int32Array, at: number, diagonal: number, differences: number) =>
  diagonal === -differences ||
  (diagonal !== differences && furthest[at - 1]! < furthest[at + 1]!);

function trace(
  steps: readonly Int32Array[],
  from: readonly string[],
  to: readonly string[],
  at: (diagonal: number) => number,
): Int32Array {
  const pairs = new Int32Array(from.length).fill(-1);
  let [x, y] = [from.length, to.length];
  for (let differences = steps.length; differences >= 0; differences--) {
    const furthest = steps[differences - 1];
    const diagonal = x - y;
    let [before, beforeY] = [0, 0];
    if (furthest) {
      const down = cameDown(furthest, at(diagonal), diagonal, differences);
      before = furthest[at(down ? diagonal + 1 : diagonal - 1)]!;
      beforeY = before - (down ? diagonal + 1 : diagonal - 1);
    }
    while (x > before && y > beforeY && from[x - 1] === to[y - 1]) pairs[--x] = --y;
    [x, y] = [before, beforeY];
  }
  return pairs;
}
