/**
 * The workload of stacks.c, and what tools say of its stacks.
 *
 * @module
 */

import { buildProgram } from "./build.ts";
import type { Result } from "./process.ts";
import { Script } from "./script.ts";
import { rowsOf } from "./tool.ts";

/** Its path, compiled so that every function has a frame, or with its flags. */
export function stacksProgram(flags: readonly string[] = ["-O0"]): string {
  return buildProgram("stacks.c", flags);
}

/** Starts it; it waits to be let go. */
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

/** User stacks, outermost first, without what comes before main, and the sum on each. */
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
