/**
 * Runs the cases of a tool (cases.ts).
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { release } from "node:os";
import { UnsupportedError } from "../../mod.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";
import type { Case, Cases, Row } from "./cases.ts";
import { runFilters } from "./filter_matrix.ts";
import { untilNoneHidden } from "./hidden_events.ts";
import { MACHINE, reasonOn, requiresAll } from "./requires.ts";
import { filled, rowsIn, startWork } from "./start_work.ts";
import { recordChecker } from "./check_records.ts";
import { rowsOf, startTool, stopTool } from "./tool.ts";
import { Folder } from "./workload.ts";

const inGuest = process.env.TSBCC_GUEST_KERNEL !== undefined;

/** A test that a test file registers itself, so that reports name that file. */
export interface CaseTest {
  readonly name: string;
  readonly skip: string | false;
  run(): Promise<void>;
}

/** Returns a test for each case of a tool, and one for its filters. */
export function testsOf(tool: AnyTool, { cases, filters, anywhere = [] }: Cases): CaseTest[] {
  const tests = cases.filter((one) => one.canary || !inGuest || isForGuests(one)).map((one) => {
    const name = `${tool.name} ${one.name}`;
    const needs = one.requires ?? [];
    // Cases that only guests can run must run there, but they are slow: in ./test.sh --full.
    const skip = requiresAll(name, one.canary || !inGuest ? needs : [...needs, "full"]);
    return { name, skip, run: () => runCase(tool, one, anywhere) };
  });
  if (!filters || inGuest && !filters.requires) return tests;
  const name = `${tool.name} shows what each filter matches and hides the rest`;
  const skip = requiresAll(name, filters.requires ?? []);
  return [...tests, { name, skip, run: () => runFilters(tool, filters, anywhere) }];
}

const isForGuests = ({ requires = [] }: Case): boolean => reasonOn(requires, MACHINE) !== undefined;

const runCase = (tool: AnyTool, one: Case, anywhere: readonly string[]): Promise<void> =>
  untilNoneHidden(anywhere, (watch) => tryCase(tool, one, watch)).catch((error) => {
    if (!isRefusedForAge(String(error), tool.name, release())) throw error;
  });

/**
 * Whether a tool printed one sentence only, that it needs a newer kernel than this one: that is correct on kernels
 * older than the oldest that all tools support.
 */
export function isRefusedForAge(message: string, tool: string, kernel: string): boolean {
  const order = (version: string) => {
    const [major, minor] = version.split(".").map(Number) as [number, number];
    return major * 1000 + minor;
  };
  const [, told] = /\nstdout: \nstderr: ([^\n]*)\n?$/.exec(message) ?? [];
  if (!told?.startsWith(`${tool}: Cannot `) || order(kernel) >= order("6.1")) return false;
  const since = / \(needs Linux (\d+\.\d+) or later\)$/.exec(told)?.[1];
  return since !== undefined
    ? order(since) > order(kernel)
    : told.includes(": this kernel has none of: ");
}

type Watch = (pid?: number) => void;

async function tryCase(tool: AnyTool, one: Case, watch: Watch): Promise<void> {
  using folder = new Folder();
  await using job = await startWork(one.work, folder.path);
  const context = { dir: folder.path, pid: job.pid, names: job.names ?? {} };
  const args = filled(one.args ?? [], context);
  // Planned now, because the plan may depend on the workload's process, which ends later.
  const checkRecords = one.lines ? undefined : recordCheckerOf(tool, args);
  await using running = await startTool(tool.name, ...one.lines ? [] : ["--json"], ...args);
  watch(job.pid);
  await job.go();
  const result = await stopTool(running);
  if (one.lines) {
    for (const line of one.lines) {
      assertMatch(result.stdout, new RegExp(filled(line.source, context), `m${line.flags}`));
    }
    return;
  }
  checkRecords!(rowsOf(result));
  const rows = rowsIn(result, one.of, context);
  if (one.rows) {
    const expected = filled(one.rows, context);
    assertEquals(projected(rows, expected), expected);
  }
  if (one.counts) {
    const expected = filled(one.counts, context);
    const keys = expected.map(([row]) => row);
    const counted = new Map<string, number>();
    for (const row of projected(rows, keys)) {
      const text = JSON.stringify(row);
      counted.set(text, (counted.get(text) ?? 0) + 1);
    }
    assertEquals(counted, new Map(expected.map(([row, n]) => [JSON.stringify(row), n])));
  }
  one.check?.(rows, context);
}

/**
 * The tool's record checker; undefined if the tool refuses this kernel, which it then reports when it is started.
 */
function recordCheckerOf(...given: Parameters<typeof recordChecker>) {
  try {
    return recordChecker(...given);
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** Reduces rows to the keys that occur in expected rows, in the order of the keys of those rows. */
function projected(rows: readonly Row[], expected: readonly Row[]): Row[] {
  const keys = [...new Set(expected.flatMap((row) => Object.keys(row)))];
  return rows.map((row) =>
    Object.fromEntries(keys.filter((key) => key in row).map((key) => [key, row[key]]))
  );
}
