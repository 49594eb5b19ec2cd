/**
 * Register allocation: each value gets a register, or a stack slot if there are too few.
 *
 * Linear scan over R1 to R4 and R6 to R9; only the latter survive helper calls. R0 and R5 are
 * reserved for results, spilled values in transit, and cycles of moves.
 *
 * @module
 */

import type { Code, Reg } from "./ir.ts";
import { type Interval, intervals } from "./liveness.ts";

/** Locations of values: BPF registers 0 to 10 by virtual register, or a stack slot. */
export interface Places {
  /** The BPF register, or undefined when the value is spilled. */
  readonly register: readonly (number | undefined)[];
  /** The stack slot of a spilled value, in words. */
  readonly spilled: ReadonlyMap<Reg, number>;
  /** The number of stack slots. */
  readonly words: number;
}

const SHORT = [1, 2, 3, 4];
const LONG = [6, 7, 8, 9];

/** Allocates registers. */
export function allocate(code: Code): Places {
  const register: (number | undefined)[] = new Array(code.registers).fill(undefined);
  const spilled = new Map<Reg, number>();
  const wordEnds: number[] = [];
  const wishes = wishesOf(code);
  let active: Interval[] = [];
  const spill = (interval: Interval) => {
    register[interval.reg] = undefined;
    let word = wordEnds.findIndex((end) => end < interval.start);
    if (word < 0) word = wordEnds.length;
    wordEnds[word] = interval.end;
    spilled.set(interval.reg, word);
  };
  for (const interval of intervals(code)) {
    active = active.filter(({ end }) => end >= interval.start);
    const taken = new Set(active.map(({ reg }) => register[reg]));
    const allowed = interval.crossesCall ? LONG : [...SHORT, ...LONG];
    const wish = wishes.get(interval.reg)?.map((each) => each < 0 ? -each : register[each]).find((
      each,
    ) => each !== undefined && allowed.includes(each) && !taken.has(each));
    const free = wish ?? allowed.find((each) => !taken.has(each));
    if (free !== undefined) {
      register[interval.reg] = free;
      active.push(interval);
      continue;
    }
    // Spill the value that is needed longest, if its register would serve.
    const longest = active.filter(({ reg }) => allowed.includes(register[reg]!))
      .reduce((a, b) => a.end >= b.end ? a : b);
    // A spilled value's slot must be unused from its start until now: take a slot freed before.
    if (longest.end > interval.end) {
      register[interval.reg] = register[longest.reg];
      active = active.filter((each) => each !== longest);
      active.push(interval);
      spill(longest);
    } else {
      spill(interval);
    }
  }
  return { register, spilled, words: wordEnds.length };
}

/**
 * Register hints that save a move: of the argument a value becomes (as a negative number), or of
 * the value it is moved to or from.
 */
function wishesOf({ blocks }: Code): Map<Reg, number[]> {
  const wishes = new Map<Reg, number[]>();
  const wish = (reg: Reg, value: number) => wishes.set(reg, [...wishes.get(reg) ?? [], value]);
  for (const { operations } of blocks) {
    for (const operation of operations) {
      if (operation.op === "call") {
        operation.args.forEach((arg, i) => {
          if (typeof arg === "number" && i < 4) wish(arg, -(i + 1));
        });
      } else if (operation.op === "context") {
        wish(operation.dst, -6);
        wish(operation.dst, -1);
      } else if (operation.op === "move" && typeof operation.source === "number") {
        wish(operation.dst, operation.source);
        wish(operation.source, operation.dst);
      } else if (operation.op === "alu") {
        wish(operation.dst, operation.a);
      }
    }
  }
  return wishes;
}
