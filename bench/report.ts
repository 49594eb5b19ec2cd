/** The report of the benchmarks: rows of medians with ratios, as a table and as JSON. */
import { type Measured, medians } from "./measure.ts";
import { isOurs, type Question } from "./question.ts";

/** One figure of one work, for all subjects. */
export interface Row {
  readonly label: string;
  readonly better: "more" | "less";
  readonly medians: Readonly<Record<string, number>>;
  /** For each of ours and each peer, how many times better ours is: below 1 the peer is better. */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The answer to a question. */
export interface Answer {
  readonly title: string;
  readonly runs: number;
  readonly rows: readonly Row[];
  /** Messages about peers that were not measured, with the reason. */
  readonly failures: readonly string[];
}

/** An answer in Markdown. */
export const markdown = ({ title, rows, failures }: Answer): string =>
  [table(title, rows), ...failures.map((failure) => `- ${failure}`)].join("\n");

/** Computes the rows of a question's answer. */
export function rowsOf({ figures }: Question, measured: readonly Measured[]): Row[] {
  const works = [...new Set(measured.map(({ subject }) => subject.work))];
  return works.flatMap((work) => {
    const same = measured.filter(({ subject }) => subject.work === work);
    const found = same.map(({ subject, runs }) => [subject.name, medians(runs)] as const);
    return Object.entries(figures).flatMap(([figure, better]) => {
      const present = found.filter(([, all]) => all[figure] !== undefined);
      if (present.length === 0) return [];
      const values = Object.fromEntries(present.map(([name, all]) => [name, all[figure]!]));
      const label = work === undefined ? figure : `${work}, ${figure}`;
      return [{ label, better, medians: values, ratios: ratiosOf(values, better) }];
    });
  });
}

function ratiosOf(values: Readonly<Record<string, number>>, better: "more" | "less") {
  const names = Object.keys(values);
  const peers = names.filter((name) => !isOurs(name));
  const ratio = (ours: string, peer: string) =>
    better === "more" ? values[ours]! / values[peer]! : values[peer]! / values[ours]!;
  return Object.fromEntries(peers.map((peer) => [
    peer,
    Object.fromEntries(names.filter(isOurs).map((ours) => [ours, ratio(ours, peer)])),
  ]));
}

/** The rows as a Markdown table. */
export function table(title: string, rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.medians)))];
  const peers = names.filter((name) => !isOurs(name));
  const head = [title, ...names, ...peers.map((peer) => `ours : ${peer}`)];
  const lines = rows.map(({ label, medians, ratios }) => [
    label,
    ...names.map((name) => short(medians[name])),
    ...peers.map((peer) => Object.values(ratios[peer] ?? {}).map(short).join(" / ")),
  ]);
  return formatted([head, ...lines]);
}

function formatted([head, ...rows]: readonly string[][]): string {
  const widths = head!.map((cell, i) =>
    Math.max(3, cell.length, ...rows.map((row) => row[i]!.length))
  );
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":");
  const padded = (
    [first, ...cells]: readonly string[],
  ) => [first!.padEnd(widths[0]!), ...cells.map((cell, i) => cell.padStart(widths[i + 1]!))];
  return [head!, rule, ...rows].map((row) => `| ${padded(row).join(" | ")} |`).join("\n");
}

/** A number with three significant digits. */
function short(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "-";
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString("en")
    : String(Number(value.toPrecision(2)));
}
