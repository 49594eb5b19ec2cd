/**
 * What a tool must show, as a table: `tools/NAME/NAME.cases.ts`, which `tests/tools/cases_test.ts` runs.
 *
 * A case starts the tool, lets a workload go that was held back until then, stops the tool and compares
 * its rows exactly. In text, `{dir}` stands for a folder of the case's own, `{pid}` for the workload's
 * process and `{NAME}` for what the workload calls so.
 *
 * @module
 */

import type { Feature } from "./requires.ts";

/** A record of `--json`; of one that is expected only the keys that count. */
export type Row = Readonly<Record<string, unknown>>;

/** A workload that is held back until `go`. */
export interface Job extends AsyncDisposable {
  readonly pid: number;
  /** Lets it do its work and waits until all of it is done. */
  go(): Promise<unknown>;
  /** What text may call by name besides `{dir}` and `{pid}`. */
  readonly names?: Readonly<Record<string, string | number>>;
}

/** What a case runs with: its folder, the workload, and names of things. */
export interface CaseContext {
  readonly dir: string;
  readonly pid: number;
  readonly names: Readonly<Record<string, string | number>>;
}

/** Who makes the events: steps of workload.c, a bash script, a program of this folder, or anything else. */
export type Work =
  | { readonly steps: readonly string[] }
  | { readonly script: string }
  | {
    readonly program: string;
    readonly args?: readonly string[];
    readonly flags?: readonly string[];
  }
  | { start(dir: string): Promise<Job> };

/** Whether a row is of the workload; default: its `pid` is. */
export type IsOf = (row: Row, context: CaseContext) => boolean;

/** One thing that a tool must show, or must not. */
export interface Case {
  /** What it does, behind the tool's name: `shows failed opens only`. */
  readonly name: string;
  /** Besides `--json`. */
  readonly args?: readonly string[];
  readonly work: Work;
  readonly of?: IsOf;
  /** The workload's rows in their order; none: the case is a negative twin. */
  readonly rows?: readonly Row[];
  /** The workload's rows in any order, each with how often it comes. */
  readonly counts?: readonly (readonly [row: Row, times: number])[];
  /** What the table says, printed without `--json`: each in some line. */
  readonly lines?: readonly RegExp[];
  /** What rows and counts cannot say. */
  check?(rows: readonly Row[], context: CaseContext): void;
  readonly requires?: readonly Feature[];
  /**
   * Run in each guest as well: one case of a tool, which shows that its hooks work there. Others run in
   * guests if the machine lacks what they require, in `./test.sh --full`.
   */
  readonly canary?: boolean;
  /** Only that nothing is counted, in rows of zeros: for docs/coverage.md no exact test. */
  readonly ofNothing?: true;
}

/** How a tool's filters are tested: each option that it declares once where it matches, once where not. */
export interface FilterCases {
  readonly work: Work;
  readonly args?: readonly string[];
  readonly of?: IsOf;
  /** Sums what rows show; default: how many there are. */
  total?(rows: readonly Row[]): number;
  /** What must be shown where a filter matches: exactly, or at least where others match as well. */
  readonly expect: number | { readonly least: number };
  /** Options of filters that cannot be tested so, or `off` for none of them, with the reason. */
  readonly not?: Readonly<Record<string, string>>;
  /** What they need; then they run in guests as well, which have what this machine lacks. */
  readonly requires?: readonly Feature[];
}

/** How a tool is called: tools/plans_test.ts checks it without starting a process. */
export interface Usage {
  /**
   * Options and arguments that help names, separated by blanks, besides those that scripts/bcc_tools.ts says bcc's
   * tool has.
   */
  readonly names?: string;
  /** Calls that are refused, and why. */
  readonly wrong?: readonly (readonly [args: readonly string[], reason: RegExp])[];
  /** A call that is right on a machine such as machine.ts pretends; default: the tool's sample. */
  readonly right?: readonly string[];
}

/** All cases of a tool. */
export interface Cases {
  readonly cases: readonly Case[];
  readonly usage?: Usage;
  /** Which tests show instead what a table cannot, and why. */
  readonly elsewhere?: string;
  /** Why what the tool is for never happens on this machine, or in guests, so that its cases show nothing. */
  readonly unseen?: { readonly machine?: string; readonly guests?: string };
  /** Needed for a tool that declares filters by process, or else the reason why they cannot be tested so. */
  readonly filters?: FilterCases;
  readonly unfiltered?: string;
  /**
   * Tracepoints (`block/block_rq_complete`) at which the tool's programs run on top of any thread: a
   * case that fails is made again where the machine hid such events, see hidden_events.ts.
   */
  readonly anywhere?: readonly string[];
}

/** Checks the types of a tool's cases; it returns its argument. */
export const defineCases = (cases: Cases): Cases => cases;

/** How much the histograms among the records hold. */
export const histogramTotal = (rows: readonly Row[]): number =>
  rows.flatMap(({ buckets }) => (buckets ?? []) as { count: number }[])
    .reduce((sum, { count }) => sum + count, 0);

/** The sum of a key over records. */
export const sumOf = (key: string) => (rows: readonly Row[]): number =>
  rows.reduce((sum, row) => sum + Number(row[key] ?? 0), 0);

/** The same row several times. */
export const times = (count: number, row: Row): Row[] => Array<Row>(count).fill(row);
