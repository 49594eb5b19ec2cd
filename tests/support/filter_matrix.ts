/**
 * The filter matrix: every filter that a tool declares, once where it matches a workload, once where it
 * misses it.
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
import type { Running } from "./process.ts";
import { filled, rowsIn, startWork } from "./start_work.ts";
import { startTool, stopTool } from "./tool.ts";
import { Folder } from "./workload.ts";

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
  const names = Object.keys(FILTERS).filter((key) => key in tool.options && !filters.not?.[key]);
  assert(names.length > 0, `${tool.name} declares no filter: its cases need no "filters"`);

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
    if (!matches) assertEquals(total, 0, `${what} hides the workload`);
    else if (typeof filters.expect === "number") {
      assertEquals(total, filters.expect, `${what} shows the workload`);
    } else {
      const { least } = filters.expect;
      assert(total >= least, `${what} shows the workload: ${total} of at least ${least}`);
    }
  }
}
