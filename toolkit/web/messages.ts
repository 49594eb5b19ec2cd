/**
 * The messages from the server to the page, JSON in server-sent events. Both sides use these types.
 *
 * @module
 */

/** A column of the table of events. */
export interface PageColumn {
  readonly key: string;
  readonly head: string;
  /** Whether its values are numbers that can be compared. */
  readonly isNumber: boolean;
}

/** `hello`: the tool that is shown. */
export interface Hello {
  readonly tool: string;
  readonly summary: string;
  /** The words of the command line after the tool's name. */
  readonly words: readonly string[];
  /** Milliseconds since 1970. */
  readonly started: number;
  /** The columns of events; undefined for a tool that reports. */
  readonly columns: readonly PageColumn[] | undefined;
  /** Whether each report is cumulative since the start, rather than since the report before. */
  readonly isCumulative: boolean;
}

/** `rows`: some of the events since the message before, with the number of each. */
export interface RowsMessage {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** How many events there were in all. */
  readonly total: number;
  readonly rows: readonly (readonly [number: number, values: readonly unknown[]])[];
}

/** A record of a report: its kind (null for a row) and its members. */
export type PageRecord = readonly [kind: string | null, members: Readonly<Record<string, unknown>>];

/** `report`: a report's records. */
export interface ReportMessage {
  readonly time: number;
  /** How many reports there were. */
  readonly number: number;
  readonly records: readonly PageRecord[];
  /** Names that members hold the indices of: see {@linkcode STACK_MEMBERS}. */
  readonly names: readonly string[];
  /** How many records were left out, because there were too many for a page. */
  readonly left: number;
}

/** `losses`: what was lost so far. */
export interface LossesMessage {
  readonly losses: readonly {
    readonly kind: string;
    readonly what: string;
    readonly total: number;
    readonly reason?: string;
  }[];
}

/** Members that are stacks; in messages they are indices of names. */
export const STACK_MEMBERS: readonly string[] = ["user", "kernel", "stack"];

/** A tool in the list of `ts-bcc web`. */
export interface ListedTool {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly { readonly usage: string; readonly help: string }[];
  readonly examples: readonly (readonly [call: string, meaning: string])[];
}

/** A tool that was started from the page. */
export interface ListedRun {
  readonly id: number;
  readonly words: readonly string[];
  /** Milliseconds since 1970. */
  readonly started: number;
  /** "starting" until it serves its page; a tool without one is "running" at once. */
  readonly state: "starting" | "running" | "stopping" | "ended";
  /** Whether it has a page of its own. */
  readonly hasPage: boolean;
  /** How it ended: `status 2`, `SIGKILL`. */
  readonly ended?: string;
  /** The last part of its standard error, and of its standard output if it has no page. */
  readonly text: string;
}

/** `runs`: all that were started. */
export interface RunsMessage {
  readonly runs: readonly ListedRun[];
}
