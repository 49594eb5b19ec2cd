/**
 * Names of soft interrupts.
 *
 * @module
 */

/** By number: include/linux/interrupt.h. */
const NAMES = [
  "hi",
  "timer",
  "net_tx",
  "net_rx",
  "block",
  "irq_poll",
  "tasklet",
  "sched",
  "hrtimer",
  "rcu",
];

/** `net_rx` for 3. */
export const softirqName = (vector: number): string => NAMES[vector] ?? String(vector);
