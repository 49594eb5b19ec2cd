/**
 * Differences of counters that only grow, from one report to the next.
 *
 * If a tool cleared a map after reading it, it would lose what is counted in between. So it leaves
 * the map alone, and each report shows the difference to the one before.
 *
 * @module
 */

import type { BpfMap } from "../../mod.ts";

/** How much counters grew since they were last read. */
export class CounterDeltas {
  readonly #before = new Map<string, number>();

  /** By how much the counter `name`, now at `now`, grew since the last call. */
  since(name: string, now: number): number {
    const before = this.#before.get(name) ?? 0;
    this.#before.set(name, now);
    return now - before;
  }

  /** Forgets a counter that no longer exists. */
  forget(name: string): void {
    this.#before.delete(name);
  }
}

/**
 * By how much the counters of a map grew since the last report, for those that did.
 *
 * An unchanged entry is removed: its key may never occur again, such as a process that has ended.
 * Nothing is lost: what was counted between reading and removing is reported at once.
 *
 * @param read converts a value to counters: sums over all CPUs
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
