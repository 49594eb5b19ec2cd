/**
 * Starts the workload of a case, and selects its rows.
 *
 * @module
 */

import { copyFileSync } from "node:fs";
import { basename, join } from "node:path";
import { buildProgram } from "./build.ts";
import type { CaseContext, IsOf, Job, Row, Work } from "./cases.ts";
import { Script } from "./script.ts";
import { rowsOf } from "./tool.ts";
import { Workload } from "./workload.ts";

/** Starts a workload in a folder of its own; it waits until `go()`. */
export async function startWork(work: Work, dir: string): Promise<Job> {
  if ("start" in work) return await work.start(dir);
  const names = { dir, pid: -1, names: {} };
  if ("steps" in work) return await Workload.start(...filled(work.steps, names));
  if ("program" in work) {
    // A copy that no other process runs, `{dir}/NAME`: probes in this file see this process only.
    const path = join(dir, basename(work.program, ".c"));
    copyFileSync(buildProgram(work.program, work.flags), path);
    return await Script.of([path, ...filled(work.args ?? [], names)]);
  }
  return await Script.start(filled(work.script, names));
}

/**
 * The workload's rows. Records without a process, such as losses, are kept: a case must expect them.
 */
export function rowsIn(
  result: Parameters<typeof rowsOf>[0],
  of: IsOf | undefined,
  context: CaseContext,
): Row[] {
  const isOf = of ?? ((row) => "pid" in row ? row.pid === context.pid : row.record !== undefined);
  return rowsOf<Row>(result).filter((row) => isOf(row, context));
}

/**
 * Replaces `{NAME}` in strings. A string that is only `{NAME}` becomes the value itself, such as a
 * number.
 */
export function filled<T>(value: T, context: CaseContext): T {
  const known: Record<string, string | number> = {
    ...context.names,
    dir: context.dir,
    pid: context.pid,
  };
  const fill = (part: unknown): unknown => {
    if (typeof part === "string") {
      const [, whole] = /^\{(\w+)\}$/.exec(part) ?? [];
      if (whole !== undefined && whole in known && known[whole] !== -1) return known[whole];
      return part.replaceAll(/\{(\w+)\}/g, (text, name) => String(known[name] ?? text));
    }
    if (Array.isArray(part)) return part.map(fill);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, fill(inner)]));
  };
  return fill(value) as T;
}
