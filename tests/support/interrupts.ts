/**
 * Counts of interrupts that the kernel keeps itself, around what a tool counts.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type Case, type Job, type Row, startWork, type Work } from "./cases.ts";

type Counts = ReadonlyMap<string, number>;

/**
 * By handler, of those that have an interrupt to themselves. The kernel counts those that come while
 * their handler runs on another CPU, too, and then runs it once more for all of them
 * (handle_edge_irq): more may be counted here than handlers run.
 */
export function hardInterrupts(): Counts {
  const [heading, ...lines] = readFileSync("/proc/interrupts", "utf8").split("\n");
  const cpus = heading!.trim().split(/\s+/).length;
  const counts = new Map<string, number>();
  for (const line of lines.filter((line) => /^ *\d+:/.test(line))) {
    const words = line.trim().split(/\s+/);
    const name = words.at(-1)!;
    const count = words.slice(1, 1 + cpus).reduce((sum, word) => sum + Number(word), 0);
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return counts;
}

/** By name, in lower case. */
export function softInterrupts(): Counts {
  const [, ...lines] = readFileSync("/proc/softirqs", "utf8").trimEnd().split("\n");
  return new Map(lines.map((line) => {
    const [name, ...counts] = line.trim().split(/\s+/);
    return [name!.slice(0, -1).toLowerCase(), counts.reduce((sum, word) => sum + Number(word), 0)];
  }));
}

/** Work, such as a script, and a check that a tool counted what the kernel did, of what `names` matches. */
export function counted(
  read: () => Counts,
  made: string | Work,
  names: RegExp,
  countsOf: (rows: readonly Row[]) => Counts,
): Required<Pick<Case, "check">> & { readonly work: Work } {
  let [beforeTool, before, after] = [read(), read(), read()];
  const work: Work = {
    async start(dir): Promise<Job> {
      const job = await startWork(typeof made === "string" ? { script: made } : made, dir);
      beforeTool = read();
      return {
        pid: job.pid,
        async go() {
          before = read();
          await job.go();
          after = read();
        },
        [Symbol.asyncDispose]: () => job[Symbol.asyncDispose](),
      };
    },
  };
  const growth = (name: string, from: Counts, to: Counts) =>
    (to.get(name) ?? 0) - (from.get(name) ?? 0);
  return {
    work,
    check(rows) {
      const afterTool = read();
      const told = countsOf(rows);
      const seen = [...after.keys()].filter((name) =>
        names.test(name) && growth(name, before, after) > 0
      );
      assert.ok(seen.length > 0, `the work makes some of ${names}`);
      for (const name of seen) {
        const grown = growth(name, before, after);
        const least = read === hardInterrupts ? Math.ceil(grown / 2) : grown;
        const most = growth(name, beforeTool, afterTool);
        const count = told.get(name) ?? 0;
        assert.ok(count >= least && count <= most, `${name}: ${count} of ${least} to ${most}`);
      }
    },
  };
}
