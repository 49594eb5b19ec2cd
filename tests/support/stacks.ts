/**
 * The workload of stacks.c, and the stacks that tools report for it.
 *
 * @module
 */

import { buildProgram } from "./build.ts";
import type { Result } from "./process.ts";
import { Script } from "./script.ts";
import { rowsOf } from "./tool.ts";

/** Compiles stacks.c, by default so that every function has a frame pointer; returns its path. */
export function stacksProgram(flags: readonly string[] = ["-O0"]): string {
  return buildProgram("stacks.c", flags);
}

/** Starts stacks.c, which waits for `go()`. */
export function startStacks(steps: readonly string[], program = stacksProgram()): Promise<Script> {
  return Script.of([program, ...steps]);
}

/** A record of `--json`. */
export interface StackRow {
  readonly record: string;
  readonly pid: number;
  readonly tid?: number;
  readonly comm: string;
  readonly count?: number;
  readonly samples?: number;
  readonly usecs?: number;
  readonly user?: readonly string[] | null;
  readonly kernel?: readonly string[] | null;
}

/** The stacks of a process. */
export function stacksOf(result: Result, pid: number): StackRow[] {
  return rowsOf<StackRow>(result).filter((row) => row.record === "stack" && row.pid === pid);
}

/**
 * User stacks, outermost frame first, from main on, with the sum of a value over the rows of each
 * stack.
 */
export function userSums(
  rows: readonly StackRow[],
  sum: (row: StackRow) => number,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const row of rows) {
    const frames = [...row.user ?? []].reverse();
    const name = frames.slice(Math.max(frames.indexOf("main"), 0)).join(";");
    sums[name] = (sums[name] ?? 0) + sum(row);
  }
  return sums;
}
