/**
 * What the records of a tool are made of: the names of their members, and what those hold.
 *
 * @module
 */

/**
 * What a member holds. A "count" is a sum over the time that a report is about, so that counts of
 * several reports can be added; an "id" is a number that identifies something, such as a process or
 * a port; a "number" is any other, such as a ratio. "figures" are numbers by name.
 */
export type MemberKind =
  | "text"
  | "texts"
  | "number"
  | "id"
  | "numbers"
  | "count"
  | "flag"
  | "time"
  | "figures"
  | "any";

/** One member; with `?` it may be null. An array is a list of objects. */
export type Member = MemberKind | `${MemberKind}?` | Members | readonly [Members];

/** Members by name; one whose name ends with `?` may be missing. */
export interface Members {
  /** What the member of this name holds. */
  readonly [name: string]: Member;
}

/** One kind of record. */
export interface RecordShape {
  /** What the record says under `record`; a row of a table says nothing. */
  readonly kind?: string;
  /** What it holds. */
  readonly members: Members;
}

/** Rows of a table in a report. */
export function rowShape(members: Members): RecordShape {
  return { members: { time: "time", ...members } };
}

/** A record that is no row: `report.record(kind, members)`. */
export function recordShape(kind: string, members: Members): RecordShape {
  return { kind, members: { time: "time", ...members } };
}

const BUCKETS: Members = { low: "number", high: "number", count: "number" };

/** Histograms. @param about what a histogram tells besides its buckets */
export function histogramShape(about: Members = {}): RecordShape {
  return recordShape("histogram", { ...about, value: "text", buckets: [BUCKETS] });
}

/** Stacks with what is summed by them. @param unit the sum's name */
export function stackShape(
  unit: string,
  { userOnly, kernelOnly, threads }: {
    readonly userOnly: boolean;
    readonly kernelOnly: boolean;
    readonly threads: boolean;
  },
): RecordShape {
  return recordShape("stack", {
    pid: "id",
    ...threads && { tid: "id" as const },
    comm: "text",
    [unit]: "count",
    ...!kernelOnly && { user: "texts?" as const },
    ...!userOnly && { kernel: "texts?" as const },
  });
}

/** A file that was written: a flame graph or another form of stacks. */
export const GRAPH_SHAPE: RecordShape = recordShape("graph", { file: "text" });

/** Average and total of what a histogram shows. */
export const SUMMARY_SHAPE: RecordShape = recordShape("summary", {
  value: "text",
  average: "number",
  total: "count",
  count: "count",
});

/** Records of losses, which any tool may print. */
export const LOSSES: readonly RecordShape[] = ["dropped", "missed", "truncated"].map((kind) => ({
  kind,
  members: { "time?": "time", what: "text", total: "number" },
}));

/** The kind of a member that is no object, and whether it may be null. */
export function kindOf(member: MemberKind | `${MemberKind}?`): readonly [MemberKind, boolean] {
  const isNullable = member.endsWith("?");
  return [(isNullable ? member.slice(0, -1) : member) as MemberKind, isNullable];
}
