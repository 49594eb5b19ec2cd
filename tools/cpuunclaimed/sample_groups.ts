/**
 * Groups the samples of all CPUs by the time at which they were taken.
 *
 * @module
 */

/** The length of a CPU's run queue, including the running thread. */
export interface Sample {
  /** Nanoseconds since boot. */
  readonly time: number;
  readonly cpu: number;
  readonly threads: number;
}

/** One sample of each CPU, taken within one period. */
export interface Group {
  readonly time: number;
  /** The run queue lengths by CPU; 0 where a sample is missing. */
  readonly threads: readonly number[];
  /** Nanoseconds after the group's time, by CPU. */
  readonly offsets: readonly number[];
}

/** Statistics over groups of samples. */
export interface Usage {
  readonly groups: number;
  /** The share of CPU time in use, 0 to 1. */
  readonly used: number;
  /** The share of CPU time idle while a thread waited on another CPU's run queue. */
  readonly unclaimed: number;
}

/**
 * Groups samples in the order of their times, starting a new group when a CPU occurs again. CPUs
 * are sampled at different times within a period, but each once per period.
 */
export function groupsOf(samples: readonly Sample[], cpus: readonly number[]): Group[] {
  const groups: Group[] = [];
  let group = new Map<number, Sample>();
  const end = () => {
    // The first and the last group of an interval may be incomplete.
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

/** Computes statistics over groups. */
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
