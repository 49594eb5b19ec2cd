/**
 * Percentiles of latencies that biolatpcts.bpf.c counted in slots of 10 µs, 1 ms and 100 ms.
 *
 * @module
 */

const STEPS = 100;
/** The width of a slot of each kind, in µs. */
const WIDTHS = [10, 1000, 100_000];

/** The number of slots for one kind of request. */
export const SLOTS = WIDTHS.length * STEPS;

/** The middle of a slot, in µs. */
function middle(slot: number): number {
  const width = WIDTHS[Math.floor(slot / STEPS)]!;
  return width * (slot % STEPS) + width / 2;
}

/**
 * A percentile of the latency in µs, as bcc computes it: the middle of the slot in which it lies;
 * 0 if there were no requests.
 */
export function percentile(counts: readonly number[], percent: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let counted = 0;
  for (let slot = counts.length - 1; slot >= 0; slot--) {
    counted += counts[slot]!;
    if (counts[slot]! > 0 && counted / total * 100 >= 100 - percent) return middle(slot);
  }
  return 0;
}

/** `5us`, `1.5ms`, `25ms`, `1.2s`; `-` for 0. */
export function latencyText(us: number): string {
  if (us > 1e6) return `${(us / 1e6).toFixed(1)}s`;
  if (us > 10_000) return `${(us / 1000).toFixed(0)}ms`;
  if (us > 1000) return `${(us / 1000).toFixed(1)}ms`;
  return us > 0 ? `${us.toFixed(0)}us` : "-";
}
