/**
 * Counts of the kernel's memory management, around what a tool counts.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { EventTrace } from "./event_trace.ts";
import type { Case, Job, Row, Work } from "./cases.ts";
import { startWork } from "./start_work.ts";

/** The sum of those counters of /proc/vmstat whose name matches. */
export function vmstat(name: RegExp): number {
  return readFileSync("/proc/vmstat", "utf8").trim().split("\n").map((line) => line.split(" "))
    .filter(([counter]) => name.test(counter!))
    .reduce((sum, [, count]) => sum + Number(count), 0);
}

/**
 * Work, such as a script, and a check that a tool counted what the kernel did: no less than during the work,
 * and no more than from before the tool's start until after its end. Mostly both are the same.
 *
 * @param name of counters in /proc/vmstat
 * @param countOf what the tool's rows say
 * @param event a tracepoint, and of which of its lines there are the least that count: tools hide what they do
 * themselves
 */
export function countedInVmstat(
  name: RegExp,
  made: string | Work,
  countOf: (rows: readonly Row[]) => number,
  event?: { readonly name: string; readonly line: RegExp },
): Required<Pick<Case, "check">> & { readonly work: Work } {
  let before = 0;
  let least = 0;
  const work: Work = {
    async start(dir): Promise<Job> {
      const job = await startWork(typeof made === "string" ? { script: made } : made, dir);
      before = vmstat(name);
      return {
        pid: job.pid,
        async go() {
          using trace = event === undefined ? undefined : new EventTrace({ [event.name]: "" });
          const start = vmstat(name);
          await job.go();
          least = trace && event
            ? trace.lines().filter((line) => event.line.test(line)).length
            : vmstat(name) - start;
        },
        [Symbol.asyncDispose]: () => job[Symbol.asyncDispose](),
      };
    },
  };
  return {
    work,
    check(rows) {
      const most = vmstat(name) - before;
      const told = countOf(rows);
      assert.ok(least > 0, `the work makes the kernel count ${name}`);
      assert.ok(told >= least && told <= most, `${told} of ${least} to ${most}`);
    },
  };
}
