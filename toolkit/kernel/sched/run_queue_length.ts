/**
 * The length of a CPU's run queue.
 *
 * @module
 */

import { currentTask, functions, has } from "../../../kernel.ts";

/** `runnableThreads()`, for programs on a CPU clock event. */
export const runQueueLength = functions({}, () => ({
  /**
   * Threads that are running or runnable on this CPU; without CONFIG_FAIR_GROUP_SCHED those of the fair
   * class only.
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
