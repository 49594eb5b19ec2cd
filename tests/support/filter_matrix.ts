/**
 * The filter matrix: every filter that a tool declares, once where it matches a workload and once where
 * it misses it, and all of them off.
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

/** What filters need to match a workload and to miss it. */
interface FilterPlace {
  readonly job: Job;
  readonly cgroup: TestCgroup;
  readonly empty: TestCgroup;
  /** A process in a pid namespace of its own. */
  readonly stranger: number;
  readonly stack: AsyncDisposableStack;
}

/** One run of the tool: what it must show of the workload. */
interface Run {
  readonly args: readonly string[];
  readonly shows: FilterCases["expect"];
}

/** A tool that runs for that. */
interface Started {
  readonly what: string;
  readonly shows: FilterCases["expect"];
  readonly running: Running;
}

type FilterValues = [match: string | number, miss: string | number];

/** Filters by process, by the keys that tools declare them with (toolkit/options/standard_options.ts). */
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
  // In this order: a cgroup can go once nobody is in it.
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
  // Without a filter others may be seen too. A tool that wants a process always has it in `args`.
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

/** All at once, but in guests one after another: together a dozen take too long there to start. */
async function eachOf<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  if (process.env.TSBCC_GUEST_KERNEL === undefined) return Promise.all(items.map(act));
  const results: R[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}

/** Starts a process that is the first of a pid namespace of its own; returns its pid here. */
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
