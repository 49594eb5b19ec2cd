/**
 * Counts of interrupts that the kernel keeps itself, around what a tool counts.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Case, Job, Row, Work } from "./cases.ts";
import { startWork } from "./start_work.ts";
import { EventTrace } from "./event_trace.ts";
import { isHidden } from "./hidden_events.ts";

type Counts = ReadonlyMap<string, number>;

/**
 * By handler, of those that have an interrupt to themselves. The kernel counts those that come while
 * their handler runs on another CPU, too, and then runs it once more for all of them
 * (handle_edge_irq): more may be counted here than handlers run. Of all CPUs, or of one.
 */
export function hardInterrupts(cpu?: number): Counts {
  const [heading, ...lines] = readFileSync("/proc/interrupts", "utf8").split("\n");
  const cpus = heading!.trim().split(/\s+/).length;
  const counts = new Map<string, number>();
  for (const line of lines.filter((line) => /^ *\d+:/.test(line))) {
    const words = line.trim().split(/\s+/);
    const name = words.at(-1)!;
    const each = words.slice(1, 1 + cpus);
    const wanted = cpu === undefined ? each : each.slice(cpu, cpu + 1);
    const count = wanted.reduce((sum, word) => sum + Number(word), 0);
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return counts;
}

/** By name, in lower case: of all CPUs, or of one. */
export function softInterrupts(cpu?: number): Counts {
  const [, ...lines] = readFileSync("/proc/softirqs", "utf8").trimEnd().split("\n");
  return new Map(lines.map((line) => {
    const [name, ...counts] = line.trim().split(/\s+/);
    const wanted = cpu === undefined ? counts : counts.slice(cpu, cpu + 1);
    return [name!.slice(0, -1).toLowerCase(), wanted.reduce((sum, word) => sum + Number(word), 0)];
  }));
}

/**
 * The same work on the first CPU, and a check that a tool which was asked for the second told no more of `name` than
 * that one's counter grew.
 */
export function notCounted(
  script: string,
  name: string,
  countsOf: (rows: readonly Row[]) => Counts,
): Required<Pick<Case, "check">> & { readonly work: Work } {
  const read = (cpu: number) => softInterrupts(cpu).get(name) ?? 0;
  let before = [0, 0];
  return {
    work: {
      async start(dir): Promise<Job> {
        const job = await startWork({ script }, dir);
        before = [read(0), read(1)];
        return job;
      },
    },
    check(rows) {
      const [first, second] = before.map((count, cpu) => read(cpu) - count);
      const told = countsOf(rows).get(name) ?? 0;
      assert.ok(first! > 0, "the work makes some on the first CPU");
      assert.ok(told <= second!, `${told} of ${second}`);
    },
  };
}

/** The handlers that a trace saw begin, or the soft interrupts, by the same names; or processes. */
function begun(trace: EventTrace): Counts {
  const counts = new Map<string, number>();
  for (const line of trace.lines()) {
    const [, handler, soft, child] =
      / name=(\S+)$| \[action=(\w+)\]$| child_pid=(\d+)$/.exec(line) ?? [];
    const name = handler ?? soft?.toLowerCase() ?? (child && "processes");
    if (name && !isHidden(line)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

export const HARD = "irq/irq_handler_entry";
const FORK = "sched/sched_process_fork";
const SOFT = "irq/softirq_entry";

/**
 * Work, such as a script, and a check that a tool counted what the kernel did, of what `names` matches:
 * no less than what its tracer saw during the work, and no more than its counters grew from before the
 * tool's start until after its end.
 *
 * @param filter the tracer's, if the tool counts some only
 * @param event what it traces
 */
export function counted(
  read: () => Counts,
  made: string | Work,
  names: RegExp,
  countsOf: (rows: readonly Row[]) => Counts,
  filter = "",
  event = read === hardInterrupts ? HARD : names.test("processes") ? FORK : SOFT,
): Required<Pick<Case, "check">> & { readonly work: Work } {
  let before = read();
  let least: Counts = new Map();
  const work: Work = {
    async start(dir): Promise<Job> {
      const job = await startWork(typeof made === "string" ? { script: made } : made, dir);
      before = read();
      return {
        pid: job.pid,
        async go() {
          using trace = new EventTrace({ [event]: filter });
          await job.go();
          least = begun(trace);
        },
        [Symbol.asyncDispose]: () => job[Symbol.asyncDispose](),
      };
    },
  };
  return {
    work,
    check(rows) {
      const after = read();
      const told = countsOf(rows);
      const seen = [...least.keys()].filter((name) => names.test(name));
      assert.ok(seen.length > 0, `the work makes some of ${names}`);
      for (const name of seen) {
        const most = (after.get(name) ?? 0) - (before.get(name) ?? 0);
        const count = told.get(name) ?? 0;
        assert.ok(
          count >= least.get(name)! && count <= most,
          `${name}: ${count} of ${least.get(name)} to ${most}`,
        );
      }
    },
  };
}
