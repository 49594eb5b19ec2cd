/**
 * Base units, which Prometheus wants metrics in: seconds and bytes.
 *
 * @module
 */

/** The name of a member as a metric, and the factor that turns its numbers into the base unit. */
export interface Unit {
  readonly name: string;
  readonly factor: number;
}

const UNITS: readonly (readonly [ending: RegExp, base: string, factor: number])[] = [
  [/(^|_)(nsecs|ns)$/, "seconds", 1e-9],
  [/(^|_)(usecs|us)$/, "seconds", 1e-6],
  [/(^|_)(msecs|ms)$/, "seconds", 1e-3],
  [/(^|_)(secs|s)$/, "seconds", 1],
  [/(^|_)(kbytes|kb)$/, "bytes", 1024],
  [/(^|_)mb$/, "bytes", 1024 ** 2],
  [/(^|_)percent$/, "ratio", 0.01],
  [/(^|_)mhz$/, "hertz", 1e6],
];

/** What a name may hold: `query latency (msecs)` becomes `query_latency_msecs`. */
export function metricName(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_").replaceAll(/^_|_$/g, "");
}

/** The unit of a member, or of a histogram by what it counts: `total_usecs` are seconds. */
export function unitOf(member: string): Unit {
  const name = metricName(member);
  const found = UNITS.find(([ending]) => ending.test(name));
  if (!found) return { name, factor: 1 };
  const [ending, base, factor] = found;
  return { name: name.replace(ending, `$1${base}`), factor };
}
