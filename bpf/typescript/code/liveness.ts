/**
 * Live intervals of registers.
 *
 * @module
 */

import { type Code, endReads, reads, successors, written } from "./ir.ts";

/** From the position of the first write to that of the last read, in block order. */
export interface Interval {
  readonly reg: number;
  start: number;
  end: number;
  /** Whether a helper call lies in between, which clobbers R0 to R5. */
  crossesCall: boolean;
}

/** Positions count operations in steps of two, including terminators. */
export function intervals({ blocks, registers }: Code): Interval[] {
  const words = Math.ceil(registers / 32);
  const index = new Map(blocks.map((block, i) => [block, i]));
  const sets = () => blocks.map(() => new Uint32Array(words));
  const [used, defined, liveIn, liveOut] = [sets(), sets(), sets(), sets()];
  blocks.forEach((block, i) => {
    const use = (reg: number) => {
      if (!has(defined[i]!, reg)) add(used[i]!, reg);
    };
    for (const operation of block.operations) {
      reads(operation).forEach(use);
      const reg = written(operation);
      if (reg !== undefined) add(defined[i]!, reg);
    }
    endReads(block.end).forEach(use);
  });
  for (let changed = true; changed;) {
    changed = false;
    for (let i = blocks.length - 1; i >= 0; i--) {
      for (const next of successors(blocks[i]!)) {
        const into = liveIn[index.get(next)!]!;
        for (let w = 0; w < words; w++) liveOut[i]![w]! |= into[w]!;
      }
      for (let w = 0; w < words; w++) {
        const now = used[i]![w]! | liveOut[i]![w]! & ~defined[i]![w]!;
        if (now >>> 0 === liveIn[i]![w]! >>> 0) continue;
        liveIn[i]![w] = now;
        changed = true;
      }
    }
  }
  return spans({ blocks, registers }, liveIn, liveOut);
}

function spans(
  { blocks, registers }: Pick<Code, "blocks" | "registers">,
  liveIn: readonly Uint32Array[],
  liveOut: readonly Uint32Array[],
): Interval[] {
  const found: (Interval | undefined)[] = new Array(registers).fill(undefined);
  const touch = (reg: number, position: number) => {
    const interval = found[reg] ??= { reg, start: position, end: position, crossesCall: false };
    if (position < interval.start) interval.start = position;
    if (position > interval.end) interval.end = position;
  };
  const calls: number[] = [];
  let position = 0;
  blocks.forEach((block, i) => {
    each(liveIn[i]!, registers, (reg) => touch(reg, position));
    for (const operation of block.operations) {
      position += 2;
      if (operation.op === "call") calls.push(position);
      for (const reg of reads(operation)) touch(reg, position);
      const reg = written(operation);
      // One position later: a result may reuse the register of an operand that dies there.
      if (reg !== undefined) touch(reg, position + 1);
    }
    position += 2;
    for (const reg of endReads(block.end)) touch(reg, position);
    each(liveOut[i]!, registers, (reg) => touch(reg, position + 1));
  });
  const result = found.filter((interval) => interval !== undefined);
  for (const interval of result) {
    interval.crossesCall = calls.some((call) => interval.start < call && call < interval.end);
  }
  return result.sort((a, b) => a.start - b.start || a.end - b.end);
}

const has = (set: Uint32Array, bit: number) => (set[bit >> 5]! >>> (bit & 31) & 1) === 1;
const add = (set: Uint32Array, bit: number) => set[bit >> 5]! |= 1 << (bit & 31);

function each(set: Uint32Array, size: number, call: (bit: number) => void): void {
  for (let bit = 0; bit < size; bit++) {
    if (set[bit >> 5] === 0) bit |= 31;
    else if (has(set, bit)) call(bit);
  }
}
