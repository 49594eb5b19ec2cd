/**
 * Samples of all CPUs, put together by the time they were taken at.
 *
 * @module
 */

/** How many threads a CPU had to run, with the one that runs. */
export interface Sample {
  /** Nanoseconds since boot. */
  readonly time: number;
  readonly cpu: number;
  readonly threads: number;
}

/** One sample of each CPU, taken within one period. */
export interface Group {
  readonly time: number;
  /** By CPU; 0 where it is missing. */
  readonly threads: readonly number[];
  /** Nanoseconds after the group's time, by CPU. */
  readonly offsets: readonly number[];
}

/** What groups of samples say of an interval. */
export interface Usage {
  readonly groups: number;
  /** The part of all CPUs' time in which they ran something, 0 to 1. */
  readonly used: number;
  /** The part of it in which they were idle while a thread waited for another CPU. */
  readonly unclaimed: number;
}

/**
 * Samples in the order of their times, cut where a CPU comes again. Those of the CPUs whose clocks tick at
 * other moments of a period are in one group nevertheless, since each ticks once in it.
 */
export function groupsOf(samples: readonly Sample[], cpus: readonly number[]): Group[] {
  const groups: Group[] = [];
  let group = new Map<number, Sample>();
  const end = () => {
    // At the beginning and the end of an interval there may be less than one of each CPU.
    if (group.size === cpus.length) groups.push(made([...group.values()], cpus));
    group = new Map();
  };
  for (const sample of samples.toSorted((a, b) => a.time - b.time)) {
    if (group.has(sample.cpu)) end();
    group.set(sample.cpu, sample);
  }
  end();
  return groups;
}

function made(samples: readonly Sample[], cpus: readonly number[]): Group {
  const time = Math.min(...samples.map(({ time }) => time));
  const of = (cpu: number) => samples.find((sample) => sample.cpu === cpu);
  return {
    time,
    threads: cpus.map((cpu) => of(cpu)?.threads ?? 0),
    offsets: cpus.map((cpu) => (of(cpu)?.time ?? time) - time),
  };
}

/** Sums groups up. */
export function usageOf(groups: readonly Group[]): Usage {
  let [all, running, unclaimed] = [0, 0, 0];
  for (const { threads } of groups) {
    const busy = threads.filter((count) => count > 0).length;
    const waiting = threads.reduce((sum, count) => sum + Math.max(count - 1, 0), 0);
    all += threads.length;
    running += busy;
    unclaimed += Math.min(threads.length - busy, waiting);
  }
  const part = (count: number) => all === 0 ? 0 : count / all;
  return { groups: groups.length, used: part(running), unclaimed: part(unclaimed) };
}
