/**
 * Which members of a record are labels of its metrics.
 *
 * @module
 */

import { UsageError } from "../options/options.ts";
import { kindOf, type MemberKind, type RecordShape } from "../records/record_shape.ts";

/** Kinds of members that may be labels. */
const LABELS: readonly MemberKind[] = ["text", "number", "id", "flag"];
/** The default label of events: the first of these that they have. */
const WHO: readonly string[] = ["comm", "pcomm", "c_comm"];
/** Members of histograms that cannot be labels. */
const OF_HISTOGRAMS: readonly string[] = ["value", "buckets"];

/** The kind of each member of a shape, without those that are objects. */
export function kindsOf({ members }: RecordShape): (readonly [name: string, kind: MemberKind])[] {
  return Object.entries(members).flatMap(([name, member]) =>
    typeof member === "string" ? [[name.replace(/\?$/, ""), kindOf(member)[0]] as const] : []
  );
}

/**
 * The members of a shape that are labels: of those asked for the ones it has; if none are asked for,
 * the process name of events, and the texts of reports (of histograms whatever they are about).
 */
export function labelsOf(shape: RecordShape, isEvent: boolean, asked: readonly string[]): string[] {
  const usable = kindsOf(shape).filter(([name, kind]) =>
    LABELS.includes(kind) && !(shape.kind === "histogram" && OF_HISTOGRAMS.includes(name))
  );
  const names = usable.map(([name]) => name);
  if (asked.length > 0) return asked.filter((name) => names.includes(name));
  if (isEvent) return names.filter((name) => WHO.includes(name)).slice(0, 1);
  return usable
    .filter(([, kind]) => kind === "text" || shape.kind === "histogram")
    .map(([name]) => name);
}

/**
 * Checks `--labels`.
 *
 * @throws {UsageError} for a name that no record has, or that cannot be a label
 */
export function checkLabels(
  tool: string,
  shapes: readonly RecordShape[],
  asked: readonly string[],
): void {
  const known = shapes.flatMap((shape) => kindsOf(shape))
    .filter(([name, kind]) => LABELS.includes(kind) && !OF_HISTOGRAMS.includes(name))
    .map(([name]) => name);
  const wrong = asked.find((name) => !known.includes(name));
  if (wrong === undefined) return;
  throw new UsageError(
    `no record of ${tool} has a member ${JSON.stringify(wrong)} that can be a label: ` +
      `there are ${[...new Set(known)].join(", ") || "none"}`,
  );
}
