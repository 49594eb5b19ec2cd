/**
 * What a tool must show, as a table: `tools/NAME/NAME.cases.ts`, which `tests/tools/cases_test.ts` runs.
 *
 * A case starts a workload that waits, starts the tool, lets the workload run, stops the tool and compares
 * its rows exactly. In strings, `{dir}` is replaced by the case's own folder, `{pid}` by the workload's
 * process id and `{NAME}` by the value that the workload gives under `names`.
 *
 * @module
 */

import type { Feature } from "./requires.ts";

/** A record of `--json`; an expected row holds only the keys that are compared. */
export type Row = Readonly<Record<string, unknown>>;

/** A workload that waits until `go()`. */
export interface Job extends AsyncDisposable {
  readonly pid: number;
  /** Lets the workload run and waits until it is done. */
  go(): Promise<unknown>;
  /** Values for `{NAME}` in strings, besides `{dir}` and `{pid}`. */
  readonly names?: Readonly<Record<string, string | number>>;
}

/** What a case runs with: its folder, the workload's pid, and the values of `{NAME}`. */
export interface CaseContext {
  readonly dir: string;
  readonly pid: number;
  readonly names: Readonly<Record<string, string | number>>;
}

/** The workload: steps of workload.c, a bash script, a program of this folder, or a function that starts one. */
export type Work =
  | { readonly steps: readonly string[] }
  | { readonly script: string }
  | {
    readonly program: string;
    readonly args?: readonly string[];
    readonly flags?: readonly string[];
  }
  | { start(dir: string): Promise<Job> };

/** Whether a row belongs to the workload; default: its `pid` is the workload's. */
export type IsOf = (row: Row, context: CaseContext) => boolean;

/** One thing that a tool must show, or must not. */
export interface Case {
  /** The test's name without the tool's: `shows failed opens only`. */
  readonly name: string;
  /** The tool's arguments besides `--json`. */
  readonly args?: readonly string[];
  readonly work: Work;
  readonly of?: IsOf;
  /** The workload's rows in their order; none: the case is a negative twin. */
  readonly rows?: readonly Row[];
  /** The workload's rows in any order, each with the number of times it must come. */
  readonly counts?: readonly (readonly [row: Row, times: number])[];
  /** Patterns for the text that is printed without `--json`: each must match some line. */
  readonly lines?: readonly RegExp[];
  /** Checks what `rows` and `counts` cannot express. @throws when a check fails */
  check?(rows: readonly Row[], context: CaseContext): void;
  readonly requires?: readonly Feature[];
  /**
   * The tool's one case that runs in every guest, to show that its hooks work there. Other cases run in
   * guests only if the machine lacks what they require, and only in `./test.sh --full`.
   */
  readonly canary?: boolean;
  /** The case compares only rows of zeros, so docs/coverage.md does not count it as an exact test. */
  readonly ofNothing?: true;
}

/** How a tool's filters are tested: each filter option once with a matching value, once without. */
export interface FilterCases {
  readonly work: Work;
  readonly args?: readonly string[];
  readonly of?: IsOf;
  /** How many events the rows stand for; default: the number of rows. */
  total?(rows: readonly Row[]): number;
  /** The total where a filter matches: exact, or a minimum where other processes' events match as well. */
  readonly expect: number | { readonly least: number };
  /** Filters that cannot be tested like this, with the reason; `off` is the run without any filter. */
  readonly not?: Readonly<Record<string, string>>;
  /** What the tests need; with this they run in guests as well, which have what this machine lacks. */
  readonly requires?: readonly Feature[];
}

/** The tool's command line, which tools/plans_test.ts checks without starting a process. */
export interface Usage {
  /**
   * Options and arguments that `--help` must list, separated by blanks, besides those that scripts/bcc_tools.ts
   * has for bcc's tool of this name.
   */
  readonly names?: string;
  /** Command lines that the tool refuses, with a pattern for the reason. */
  readonly wrong?: readonly (readonly [args: readonly string[], reason: RegExp])[];
  /** A command line that is valid on the pretended machine of machine.ts; default: the tool's sample. */
  readonly right?: readonly string[];
}

/** All cases of a tool. */
export interface Cases {
  readonly cases: readonly Case[];
  readonly usage?: Usage;
  /** Which test files cover what this table cannot express, and why. */
  readonly elsewhere?: string;
  /**
   * Why the events that the tool shows never happen on this machine, or in guests: its cases show nothing there.
   */
  readonly unseen?: { readonly machine?: string; readonly guests?: string };
  /**
   * A tool that declares filters by process needs `filters`, or in `unfiltered` the reason for not having it.
   */
  readonly filters?: FilterCases;
  readonly unfiltered?: string;
  /**
   * Tracepoints (`block/block_rq_complete`) at which the tool's programs run in the context of any thread: a
   * case that fails is repeated if the machine hid such events meanwhile (see hidden_events.ts).
   */
  readonly anywhere?: readonly string[];
}

/** Returns its argument; it exists so that TypeScript checks the type of a tool's cases. */
export const defineCases = (cases: Cases): Cases => cases;

/** The sum of all buckets of the histograms among the records. */
export const histogramTotal = (rows: readonly Row[]): number =>
  rows.flatMap(({ buckets }) => (buckets ?? []) as { count: number }[])
    .reduce((sum, { count }) => sum + count, 0);

/** The sum of a key over records. */
export const sumOf = (key: string) => (rows: readonly Row[]): number =>
  rows.reduce((sum, row) => sum + Number(row[key] ?? 0), 0);

/** The same row several times. */
export const times = (count: number, row: Row): Row[] => Array<Row>(count).fill(row);
