/**
 * The workload of a case, and which rows are of it.
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

/** Starts work in a folder of its own, held back until `go`. */
export async function startWork(work: Work, dir: string): Promise<Job> {
  if ("start" in work) return await work.start(dir);
  const names = { dir, pid: -1, names: {} };
  if ("steps" in work) return await Workload.start(...filled(work.steps, names));
  if ("program" in work) {
    // A copy that nobody else runs, `{dir}/NAME`: probes in it see this process alone.
    const path = join(dir, basename(work.program, ".c"));
    copyFileSync(buildProgram(work.program, work.flags), path);
    return await Script.of([path, ...filled(work.args ?? [], names)]);
  }
  return await Script.start(filled(work.script, names));
}

/** Records that name no process, such as those of losses, stay: they must be expected. */
export function rowsIn(
  result: Parameters<typeof rowsOf>[0],
  of: IsOf | undefined,
  context: CaseContext,
): Row[] {
  const isOf = of ?? ((row) => "pid" in row ? row.pid === context.pid : row.record !== undefined);
  return rowsOf<Row>(result).filter((row) => isOf(row, context));
}

/** Puts names in: a text that is nothing but one becomes what it stands for, a number for instance. */
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
