import assert from "node:assert/strict";
import {
  type CaseContext,
  defineCases,
  histogramTotal,
  type Job,
  type Row,
  type Work,
} from "../../tests/support/cases.ts";
import { startWork } from "../../tests/support/start_work.ts";
import { EventTrace } from "../../tests/support/event_trace.ts";
import { blockWrites } from "../../tests/support/jobs.ts";

/**
 * Writes to a loop device, which has a work queue with its own name and queues work for requests:
 * none while earlier work is queued and has not begun. The kernel's tracer (tracefs) counts how
 * often work was queued: `{queued}`, and `{queuedOther}` for the other disk.
 */
const work: Work = {
  async start(dir): Promise<Job> {
    const job = await startWork(blockWrites(101), dir);
    const names: Record<string, string | number> = { ...job.names, queued: 0, queuedOther: 0 };
    return {
      pid: job.pid,
      names,
      async go() {
        using trace = new EventTrace({
          "workqueue/workqueue_queue_work": [names.disk, names.other]
            .map((name) => `workqueue=="${name}"`).join(" || "),
          "workqueue/workqueue_execute_start": "",
        });
        await job.go();
        const count = (name: unknown) =>
          trace.lines().filter((line) => line.includes(` workqueue=${name} `)).length;
        while (!isAllBegun(trace.lines())) await new Promise((resolve) => setTimeout(resolve, 1));
        Object.assign(names, { queued: count(names.disk), queuedOther: count(names.other) });
      },
      [Symbol.asyncDispose]: () => job[Symbol.asyncDispose](),
    };
  },
};

/** Whether all queued work has begun: the last may begin after the write has returned. */
function isAllBegun(lines: readonly string[]): boolean {
  const waiting = new Set<string>();
  for (const line of lines) {
    const [, queued, begun] = /work struct=(\w+)| work struct (\w+):/.exec(line) ?? [];
    if (queued) waiting.add(queued);
    else if (begun) waiting.delete(begun);
  }
  return waiting.size === 0;
}

const isQueue = (row: Row, { names }: CaseContext) => row.wqname === names.disk;
const expectQueued = (name: string) => (rows: readonly Row[], { names }: CaseContext): void => {
  assert.equal(histogramTotal(rows), names[name]);
  assert.ok(Number(names[name]) > 0);
};

export default defineCases({
  cases: [
    {
      name: "-W counts the work that 101 requests of a loop device make, exactly",
      args: ["-W"],
      canary: true,
      requires: ["queueNames"],
      work,
      of: isQueue,
      check: expectQueued("queued"),
    },
    {
      name: "-w counts one queue",
      args: ["-w", "{other}"],
      work,
      of: ({ record }) => record === "histogram",
      check: expectQueued("queuedOther"),
    },
    { name: "-w hides other queues", args: ["-W", "-w", "{other}"], work, of: isQueue, rows: [] },
    {
      name: "prints bcc's histogram",
      args: ["-T", "-N", "-W"],
      work,
      lines: [
        /^Tracing work queue request latency time\.\.\. Hit Ctrl-C to end\.$/,
        /^\d\d:\d\d:\d\d$/,
        /^wqname = {disk}$/,
        /^ {5}nsecs {15}: count {5}distribution$/,
      ],
    },
  ],
});
