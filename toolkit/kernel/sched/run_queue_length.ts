/**
 * How many threads a CPU has to run.
 *
 * @module
 */

import { currentTask, functions, has } from "../../../kernel.ts";

/** `runnableThreads()`, for programs at a CPU's clock. */
export const runQueueLength = functions({}, () => ({
  /** Threads that this CPU runs or could run: those of its queue, or without groups, of the fair class. */
  runnableThreads(): number {
    const queue = currentTask().se.cfs_rq;
    return has(queue, "rq") // with CONFIG_FAIR_GROUP_SCHED
      ? queue.rq.nr_running
      : has(queue, "nr_queued") // since Linux 6.14
      ? queue.nr_queued
      : queue.nr_running;
  },
}));
