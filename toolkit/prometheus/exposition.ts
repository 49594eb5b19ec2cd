/**
 * Metrics as text: OpenMetrics 1.0, and the older format of Prometheus for who does not ask for that.
 *
 * @module
 */

/** One number of a metric. */
export interface Sample {
  /** Behind the metric's name: `_bucket`. */
  readonly suffix?: string;
  /** `comm="cat"`; empty for none. */
  readonly labels: string;
  readonly value: number;
}

/** One metric. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** What a client takes, and what it is called. */
export interface Exposition {
  readonly type: string;
  text(families: readonly Family[]): string;
}

/** https://github.com/prometheus/OpenMetrics, version 1.0.0 */
const OPEN_METRICS: Exposition = {
  type: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  text: (families) => [...families.map((each) => familyText(each, false)), "# EOF\n"].join(""),
};

const PROMETHEUS: Exposition = {
  type: "text/plain; version=0.0.4; charset=utf-8",
  text: (families) => families.map((each) => familyText(each, true)).join(""),
};

/** The format for what a client says that it accepts. */
export function expositionFor(accept: string | undefined): Exposition {
  return accept?.includes("application/openmetrics-text") ? OPEN_METRICS : PROMETHEUS;
}

/** In the older format a counter is called as its samples are. */
function familyText({ name, type, help, samples }: Family, isOld: boolean): string {
  if (samples.length === 0) return "";
  const total = type === "counter" ? "_total" : "";
  const called = isOld ? name + total : name;
  return [
    `# TYPE ${called} ${type}\n`,
    `# HELP ${called} ${help.replaceAll("\\", "\\\\").replaceAll('"', isOld ? '"' : '\\"')}\n`,
    ...samples.map(({ suffix = total, labels, value }) =>
      `${name}${suffix}${labels && `{${labels}}`} ${numberText(value)}\n`
    ),
  ].join("");
}

const numberText = (value: number) =>
  value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value);
