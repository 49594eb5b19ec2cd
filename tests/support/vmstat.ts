/**
 * Checks a tool's counts against the kernel's counters of memory management (/proc/vmstat).
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { EventTrace } from "./event_trace.ts";
import type { Case, Job, Row, Work } from "./cases.ts";
import { startWork } from "./start_work.ts";

/** The sum of the counters of /proc/vmstat whose name matches. */
export function vmstat(name: RegExp): number {
  return readFileSync("/proc/vmstat", "utf8").trim().split("\n").map((line) => line.split(" "))
    .filter(([counter]) => name.test(counter!))
    .reduce((sum, [, count]) => sum + Number(count), 0);
}

/**
 * A workload, and a check of the tool's total: at least the growth of the kernel's counters while the workload
 * ran, and at most their growth from before the tool's start until after its end. Mostly both are the same.
 *
 * @param name matches names of counters in /proc/vmstat
 * @param countOf the total in the tool's rows
 * @param event a tracepoint and a pattern for its ftrace lines, whose number is the minimum in place of the
 * counters' growth: that includes work of the tool itself
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
