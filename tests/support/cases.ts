/**
 * What a tool must show, as a table: `tools/NAME/NAME.cases.ts`, which `tests/tools/cases_test.ts` runs.
 *
 * A case starts the tool, lets a workload go that was held back until then, stops the tool and compares
 * its rows exactly. In text, `{dir}` stands for a folder of the case's own, `{pid}` for the workload's
 * process and `{NAME}` for what the workload calls so.
 *
 * @module
 */

import assert from "node:assert/strict";
import { copyFileSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { AnyTool } from "../../toolkit/run/tool.ts";
import { buildProgram } from "./build.ts";
import { TestCgroup } from "./cgroup.ts";
import { untilNoneHidden } from "./hidden_events.ts";
import { PinnedSet } from "./pinned_set.ts";
import type { Running } from "./process.ts";
import { type Feature, requiresAll } from "./requires.ts";
import { Script } from "./script.ts";
import { rowsOf, startTool, stopTool } from "./tool.ts";
import { Folder, Workload } from "./workload.ts";

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

/** Where a case takes place. */
export interface Place {
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
export type IsOf = (row: Row, place: Place) => boolean;

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
  check?(rows: readonly Row[], place: Place): void;
  readonly requires?: readonly Feature[];
  /** Run in each guest as well: one case of a tool, which shows that its hooks work there. */
  readonly canary?: boolean;
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
  /** Options of filters that cannot be tested so, with the reason. */
  readonly not?: Readonly<Record<string, string>>;
  /** What they need; then they run in guests as well, which have what this machine lacks. */
  readonly requires?: readonly Feature[];
}

/** How a tool is called: tools/usage_test.ts checks it without starting a process. */
export interface Usage {
  /** Options and arguments that help names, separated by blanks: all that bcc's tool has. */
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
  /** Needed for a tool that declares filters by process. */
  readonly filters?: FilterCases;
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

const inGuest = process.env.TSBCC_GUEST_KERNEL !== undefined;

/** A test to register: by the test's own file, whose name reports then carry. */
export interface CaseTest {
  readonly name: string;
  readonly skip: string | false;
  run(): Promise<void>;
}

/** A test for each case of a tool, and one for its filters. */
export function testsOf(tool: AnyTool, { cases, filters, anywhere = [] }: Cases): CaseTest[] {
  const tests = cases.filter(({ canary }) => canary || !inGuest).map((one) => {
    const name = `${tool.name} ${one.name}`;
    const skip = requiresAll(name, one.requires ?? []);
    return { name, skip, run: () => runCase(tool.name, one, anywhere) };
  });
  if (!filters || inGuest && !filters.requires) return tests;
  const name = `${tool.name} shows what each filter matches and hides the rest`;
  const skip = requiresAll(name, filters.requires ?? []);
  return [...tests, { name, skip, run: () => runFilters(tool, filters, anywhere) }];
}

const runCase = (tool: string, one: Case, anywhere: readonly string[]): Promise<void> =>
  untilNoneHidden(anywhere, (watch) => tryCase(tool, one, watch));

type Watch = (pid?: number) => void;

async function tryCase(tool: string, one: Case, watch: Watch): Promise<void> {
  using folder = new Folder();
  await using job = await startWork(one.work, folder.path);
  const place = { dir: folder.path, pid: job.pid, names: job.names ?? {} };
  const args = filled(one.args ?? [], place);
  await using running = await startTool(tool, ...one.lines ? [] : ["--json"], ...args);
  watch(job.pid);
  await job.go();
  const result = await stopTool(running);
  if (one.lines) {
    for (const line of one.lines) {
      assert.match(result.stdout, new RegExp(filled(line.source, place), `m${line.flags}`));
    }
    return;
  }
  const rows = rowsIn(result, one.of, place);
  if (one.rows) {
    const expected = filled(one.rows, place);
    assert.deepEqual(projected(rows, expected), expected);
  }
  if (one.counts) {
    const expected = filled(one.counts, place);
    const keys = expected.map(([row]) => row);
    const counted = new Map<string, number>();
    for (const row of projected(rows, keys)) {
      const text = JSON.stringify(row);
      counted.set(text, (counted.get(text) ?? 0) + 1);
    }
    assert.deepEqual(counted, new Map(expected.map(([row, n]) => [JSON.stringify(row), n])));
  }
  one.check?.(rows, place);
}

/** Starts work in a folder of its own, held back until `go`. */
export async function startWork(work: Work, dir: string): Promise<Job> {
  if ("start" in work) return await work.start(dir);
  const names = { dir, pid: -1, names: {} };
  if ("steps" in work) return await Workload.start(...filled(work.steps, names));
  if ("program" in work) {
    // A copy that nobody else runs, `{dir}/NAME`: probes in it see this process alone.
    const path = join(dir, basename(work.program, ".c"));
    copyFileSync(buildProgram(work.program, work.flags), path);
    return await Script.of([path, ...filled(work.args ?? [], names)]);
  }
  return await Script.start(filled(work.script, names));
}

/** Records that name no process, such as those of losses, stay: they must be expected. */
function rowsIn(result: Parameters<typeof rowsOf>[0], of: IsOf | undefined, place: Place): Row[] {
  const isOf = of ?? ((row) => "pid" in row ? row.pid === place.pid : row.record !== undefined);
  return rowsOf<Row>(result).filter((row) => isOf(row, place));
}

/** Rows with only the keys that some expected row has, in the order of that row's keys. */
function projected(rows: readonly Row[], expected: readonly Row[]): Row[] {
  const keys = [...new Set(expected.flatMap((row) => Object.keys(row)))];
  return rows.map((row) =>
    Object.fromEntries(keys.filter((key) => key in row).map((key) => [key, row[key]]))
  );
}

/** Puts names in: a text that is nothing but one becomes what it stands for, a number for instance. */
function filled<T>(value: T, place: Place): T {
  const known: Record<string, string | number> = {
    ...place.names,
    dir: place.dir,
    pid: place.pid,
  };
  const fill = (part: unknown): unknown => {
    if (typeof part === "string") {
      const [, whole] = /^\{(\w+)\}$/.exec(part) ?? [];
      if (whole !== undefined && whole in known && known[whole] !== -1) return known[whole];
      return part.replaceAll(/\{(\w+)\}/g, (text, name) => String(known[name] ?? text));
    }
    if (Array.isArray(part)) return part.map(fill);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, fill(inner)]));
  };
  return fill(value) as T;
}

/** What filters need to match a workload and to miss it. */
interface FilterPlace {
  readonly job: Job;
  readonly cgroup: TestCgroup;
  readonly empty: TestCgroup;
  readonly stack: AsyncDisposableStack;
}

type FilterValues = [match: string | number, miss: string | number];

/** By the keys that tools declare them with (toolkit/options/standard_options.ts). */
const FILTERS: Readonly<Record<string, (place: FilterPlace) => FilterValues>> = {
  pid: ({ job }) => [job.pid, process.pid],
  tid: ({ job }) => [job.pid, process.pid],
  uid: () => [process.getuid!(), 54321],
  comm: ({ job }) => [readFileSync(`/proc/${job.pid}/comm`, "utf8").trim(), "nobody-is-this"],
  cgroup: ({ cgroup, empty }) => [cgroup.path, empty.path],
  cgroupMap: ({ cgroup, stack }) => [
    stack.use(new PinnedSet("cgroups", 8, cgroup.id)).path,
    stack.use(new PinnedSet("no-cgroups", 8)).path,
  ],
  mntnsMap: ({ job, stack }) => [
    stack.use(new PinnedSet("mntns", 4, statSync(`/proc/${job.pid}/ns/mnt`).ino)).path,
    stack.use(new PinnedSet("no-mntns", 4)).path,
  ],
};

const runFilters = (
  tool: AnyTool,
  filters: FilterCases,
  anywhere: readonly string[],
): Promise<void> => untilNoneHidden(anywhere, (watch) => tryFilters(tool, filters, watch));

async function tryFilters(tool: AnyTool, filters: FilterCases, watch: Watch): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(new Folder());
  // In this order: a cgroup can go once nobody is in it.
  const cgroup = stack.use(new TestCgroup(`${tool.name}-in`));
  const empty = stack.use(new TestCgroup(`${tool.name}-out`));
  const job = stack.use(await startWork(filters.work, folder.path));
  cgroup.add(job.pid);
  const place = { dir: folder.path, pid: job.pid, names: job.names ?? {} };
  const names = Object.keys(FILTERS).filter((key) => key in tool.options && !filters.not?.[key]);
  assert.ok(names.length > 0, `${tool.name} declares no filter: its cases need no "filters"`);

  const runs = names.flatMap((key) => {
    const option = `--${tool.options[key]!.long}`;
    const [match, miss] = FILTERS[key]!({ job, cgroup, empty, stack });
    return [[option, String(match), true], [option, String(miss), false]] as const;
  });
  const tools = await Promise.all(runs.map(async ([option, value, matches]) => {
    const args = ["--json", ...filled(filters.args ?? [], place), option, value];
    const running: Running = stack.use(await startTool(tool.name, ...args));
    return { what: `${option} ${value}`, matches, running };
  }));
  watch(job.pid);
  await job.go();
  for (const { what, matches, running } of tools) {
    const rows = rowsIn(await stopTool(running), filters.of, place);
    const total = filters.total?.(rows) ?? rows.length;
    if (!matches) assert.equal(total, 0, `${what} hides the workload`);
    else if (typeof filters.expect === "number") {
      assert.equal(total, filters.expect, `${what} shows the workload`);
    } else {
      const { least } = filters.expect;
      assert.ok(total >= least, `${what} shows the workload: ${total} of at least ${least}`);
    }
  }
}
