/**
 * Differences of counters that only grow, from one report to the next.
 *
 * A map that a tool clears drops what is counted between reading and clearing. One that it leaves
 * alone drops nothing: each report tells the difference to the one before.
 *
 * @module
 */

import type { BpfMap } from "../../mod.ts";

/** How much counters grew since they were last asked about. */
export class CounterDeltas {
  readonly #before = new Map<string, number>();

  /** By how much the counter called `name`, which is at `now`, grew since the last call. */
  since(name: string, now: number): number {
    const before = this.#before.get(name) ?? 0;
    this.#before.set(name, now);
    return now - before;
  }

  /** Forgets a counter that is gone. */
  forget(name: string): void {
    this.#before.delete(name);
  }
}

/**
 * What the counters of a map grew by since the last report, where they did.
 *
 * An entry that stood still is removed: what it counted may never come again, such as a process
 * that has ended. Nothing is dropped by that: what came in between is told at once.
 *
 * @param read turns a value into counters: the sums of all CPUs
 */
export function* deltasOf<K, V, C extends Readonly<Record<string, number>>>(
  map: BpfMap<K, V>,
  deltas: CounterDeltas,
  read: (value: V) => C,
): Generator<[key: K, counters: C]> {
  for (const [key, value] of [...map]) {
    const name = JSON.stringify(key, (_, part) => typeof part === "bigint" ? `${part}n` : part);
    let found = deltasOfEntry(name, read(value), deltas);
    if (Object.values(found).every((count) => count === 0)) {
      const last = map.lookupAndDelete(key);
      if (last !== undefined) found = deltasOfEntry(name, read(last), deltas);
      for (const counter of Object.keys(found)) deltas.forget(`${name} ${counter}`);
    }
    if (Object.values(found).some((count) => count > 0)) yield [key, found];
  }
}

function deltasOfEntry<C extends Readonly<Record<string, number>>>(
  name: string,
  counters: C,
  deltas: CounterDeltas,
): C {
  const entries = Object.entries(counters).map(([counter, now]) =>
    [counter, deltas.since(`${name} ${counter}`, now)] as const
  );
  return Object.fromEntries(entries) as C;
}
