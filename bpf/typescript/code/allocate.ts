/**
 * Register allocation: each value gets a register, or a stack slot if there are too few.
 *
 * Linear scan over R1 to R4 and R6 to R9; only the latter survive helper calls. R0 and R5 are
 * reserved for results, spilled values in transit, and cycles of moves.
 *
 * @module
 */

import { type Code, COMMUTES, type Reg } from "./ir.ts";
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
  const { wishes, avoided } = hintsOf(code);
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
    const possible = allowed.filter((each) => !taken.has(each));
    const wish = wishes.get(interval.reg)?.map((each) => each < 0 ? -each : register[each])
      .find((each) => each !== undefined && possible.includes(each));
    const avoid = register[avoided.get(interval.reg) ?? -1];
    const free = wish ?? possible.find((each) => each !== avoid) ?? possible[0];
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

/** Hints that save moves. */
interface Hints {
  /**
   * Preferred registers: a BPF register, negated, such as that of the argument that a value
   * becomes; or that of another value.
   */
  readonly wishes: ReadonlyMap<Reg, readonly number[]>;
  /** The value whose register is needed until after the first operand has been copied. */
  readonly avoided: ReadonlyMap<Reg, Reg>;
}

function hintsOf({ blocks }: Code): Hints {
  const wishes = new Map<Reg, number[]>();
  const avoided = new Map<Reg, Reg>();
  const wish = (reg: Reg, value: number) => wishes.set(reg, [...wishes.get(reg) ?? [], value]);
  for (const { operations } of blocks) {
    for (const operation of operations) {
      if (operation.op === "call") {
        operation.args.forEach((arg, i) => {
          if (typeof arg === "number" && i < 4) wish(arg, -(i + 1));
        });
      } else if (operation.op === "context") {
        // The context is in R1, and stays there unless a call lies in between.
        wish(operation.dst, -1);
        wish(operation.dst, -6);
      } else if (operation.op === "move" && typeof operation.source === "number") {
        wish(operation.dst, operation.source);
        wish(operation.source, operation.dst);
      } else if (operation.op === "alu") {
        const { fn, dst, a, b } = operation;
        wish(dst, a);
        if (typeof b !== "number") continue;
        if (COMMUTES.includes(fn)) wish(dst, b);
        else avoided.set(dst, b);
      }
    }
  }
  return { wishes, avoided };
}
