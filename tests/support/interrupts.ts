/**
 * Checks a tool's counts of interrupts against the kernel's own counters.
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
 * Counts of /proc/interrupts by handler, for handlers that share their interrupt with no other; of all
 * CPUs or of one. They may be higher than the number of handler runs: if interrupts come while the handler
 * runs on another CPU, the kernel counts each and runs the handler once more for all (handle_edge_irq).
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

/** Counts of /proc/softirqs by name in lower case; of all CPUs or of one. */
export function softInterrupts(cpu?: number): Counts {
  const [, ...lines] = readFileSync("/proc/softirqs", "utf8").trimEnd().split("\n");
  return new Map(lines.map((line) => {
    const [name, ...counts] = line.trim().split(/\s+/);
    const wanted = cpu === undefined ? counts : counts.slice(cpu, cpu + 1);
    return [name!.slice(0, -1).toLowerCase(), wanted.reduce((sum, word) => sum + Number(word), 0)];
  }));
}

/**
 * Runs a script on the first CPU, and checks that a tool for the second CPU counted no more of `name` than the
 * kernel counted on the second CPU.
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

/** Counts in a trace by the names of `hardInterrupts` or `softInterrupts`; "processes" for forks. */
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
 * A workload, and a check of the tool's counts under names that match `names`: at least as many as ftrace
 * saw while the workload ran, and at most the growth of the kernel's counters from before the tool's start
 * until after its end.
 *
 * @param filter the ftrace filter, if the tool counts only some of the events
 * @param event the tracepoint that ftrace records
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
