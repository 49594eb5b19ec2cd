/**
 * What opensnoop's tests share.
 *
 * @module
 */

import type { Result } from "./process.ts";
import { type Recorded, recordTool, rowsOf } from "./tool.ts";
import type { Workload } from "./workload.ts";

/** One record of `--json`. */
export interface Row {
  pid: number;
  tid?: number;
  uid?: number;
  comm: string;
  fd: number;
  err: number;
  flags?: number;
  mode?: number | null;
  path: string;
  path_hex?: string;
  time_s?: number;
  record?: string;
  total?: number;
}

export const ENOENT = 2;

/** Runs the steps under opensnoop. */
export function record(
  args: (workload: Workload) => string[],
  steps: (folder: string) => string[],
): Promise<Recorded> {
  return recordTool("opensnoop", args, steps);
}

export const json = (...args: string[]) => (): string[] => ["--json", ...args];

/** The records with paths in that folder. */
export function rowsIn(result: Result, folder: string): Row[] {
  return rowsOf<Row>(result).filter(({ path }) => path?.startsWith(folder));
}

export const paths = (rows: readonly Row[]): string[] => rows.map(({ path }) => path);
