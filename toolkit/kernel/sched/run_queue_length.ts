/**
 * The length of a CPU's run queue.
 *
 * @module
 */

import { currentTask, functions, has } from "../../../kernel.ts";

/** `runnableThreads()`, for programs on a CPU's clock. */
export const runQueueLength = functions({}, () => ({
  /**
   * Threads running or runnable on this CPU: of its run queue, or without task groups, of the fair
   * class.
   */
  runnableThreads(): number {
    const queue = currentTask().se.cfs_rq;
    return has(queue, "rq") // with CONFIG_FAIR_GROUP_SCHED
      ? queue.rq.nr_running
      : has(queue, "nr_queued") // since Linux 6.14
      ? queue.nr_queued
      : queue.nr_running;
  },
}));
