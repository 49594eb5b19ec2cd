/**
 * The filter matrix: runs a tool with every filter that it declares, once with a value that matches the
 * workload and once with one that does not, and without any filter.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { readFileSync, statSync } from "node:fs";
import type { AnyTool } from "../../toolkit/run/tool.ts";
import type { FilterCases, Job } from "./cases.ts";
import { TestCgroup } from "./cgroup.ts";
import { untilNoneHidden } from "./hidden_events.ts";
import { PinnedSet } from "./pinned_set.ts";
import { Running } from "./process.ts";
import { filled, rowsIn, startWork } from "./start_work.ts";
import { startTool, stopTool } from "./tool.ts";
import { Folder } from "./workload.ts";

/**
 * What filter values are made from: the workload to match, and processes and cgroups that differ from it.
 */
interface FilterPlace {
  readonly job: Job;
  readonly cgroup: TestCgroup;
  readonly empty: TestCgroup;
  /** The pid of a process in another pid namespace. */
  readonly stranger: number;
  readonly stack: AsyncDisposableStack;
}

/** One run of the tool, and how many of the workload's events it must show. */
interface Run {
  readonly args: readonly string[];
  readonly shows: FilterCases["expect"];
}

/** The tool process of one run. */
interface Started {
  readonly what: string;
  readonly shows: FilterCases["expect"];
  readonly running: Running;
}

type FilterValues = [match: string | number, miss: string | number];

/** Filters by process, under the names of their options in toolkit/options/standard_options.ts. */
export const FILTERS: Readonly<Record<string, (place: FilterPlace) => FilterValues>> = {
  pid: ({ job }) => [job.pid, process.pid],
  tid: ({ job }) => [job.pid, process.pid],
  uid: () => [process.getuid!(), 54321],
  comm: ({ job }) => [readFileSync(`/proc/${job.pid}/comm`, "utf8").trim(), "nobody-is-this"],
  cgroup: ({ cgroup, empty }) => [cgroup.path, empty.path],
  pidns: ({ stranger }) => [process.pid, stranger],
  cgroupMap: ({ cgroup, stack }) => [
    stack.use(new PinnedSet("cgroups", 8, cgroup.id)).path,
    stack.use(new PinnedSet("no-cgroups", 8)).path,
  ],
  mntnsMap: ({ job, stack }) => [
    stack.use(new PinnedSet("mntns", 4, statSync(`/proc/${job.pid}/ns/mnt`).ino)).path,
    stack.use(new PinnedSet("no-mntns", 4)).path,
  ],
};

/** Tests all filters of a tool on one workload. */
export const runFilters = (
  tool: AnyTool,
  filters: FilterCases,
  anywhere: readonly string[],
): Promise<void> => untilNoneHidden(anywhere, (watch) => tryFilters(tool, filters, watch));

async function tryFilters(
  tool: AnyTool,
  filters: FilterCases,
  watch: (pid?: number) => void,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(new Folder());
  // In this order: a cgroup can be removed only when no process is in it.
  const cgroup = stack.use(new TestCgroup(`${tool.name}-in`));
  const empty = stack.use(new TestCgroup(`${tool.name}-out`));
  const job = stack.use(await startWork(filters.work, folder.path));
  cgroup.add(job.pid);
  const place = { dir: folder.path, pid: job.pid, names: job.names ?? {} };
  const stranger = await strangerIn(stack);
  const names = Object.keys(FILTERS).filter((key) => key in tool.options && !filters.not?.[key]);
  assert(names.length > 0, `${tool.name} declares no filter: its cases need no "filters"`);

  const runs: Run[] = names.flatMap((key) => {
    const option = `--${tool.options[key]!.long}`;
    const [match, miss] = FILTERS[key]!({ job, cgroup, empty, stranger, stack });
    return [
      { args: [option, String(match)], shows: filters.expect },
      { args: [option, String(miss)], shows: 0 },
    ];
  });
  // Without a filter the tool may show other processes as well: so only a minimum is expected. A tool
  // that requires a process has it in `args`.
  const least = typeof filters.expect === "number" ? filters.expect : filters.expect.least;
  if (names.includes("cgroup") && !filters.not?.off) runs.push({ args: [], shows: { least } });
  const tools: Started[] = await eachOf(runs, async ({ args, shows }) => {
    const all = ["--json", ...filled(filters.args ?? [], place), ...args];
    const running: Running = stack.use(await startTool(tool.name, ...all));
    return { what: args.join(" ") || "no filter", shows, running };
  });
  watch(job.pid);
  await job.go();
  for (const { what, shows, running } of tools) {
    const rows = rowsIn(await stopTool(running), filters.of, place);
    const total = filters.total?.(rows) ?? rows.length;
    if (typeof shows === "number") assertEquals(total, shows, `what ${what} shows of the workload`);
    else assert(total >= shows.least, `${what}: ${total} of at least ${shows.least}`);
  }
}

/**
 * Runs all at once, but one after another in guests: a dozen tools that start together take too long
 * there.
 */
async function eachOf<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  if (process.env.TSBCC_GUEST_KERNEL === undefined) return Promise.all(items.map(act));
  const results: R[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}

/** Starts a process as process 1 of a new pid namespace; returns its pid in this namespace. */
export async function strangerIn(stack: AsyncDisposableStack): Promise<number> {
  const command = [
    "unshare",
    "--pid",
    "--fork",
    "--kill-child",
    "sh",
    "-c",
    "echo ready; read end",
  ];
  const parent = stack.use(Running.start(command));
  await parent.find("stdout", /^ready$/m);
  return Number(readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8").trim());
}
