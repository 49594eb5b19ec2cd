/**
 * Tools in a guest that has many CPUs: LRU maps forget there, per-CPU parts are larger, and events come
 * from everywhere.
 *
 * One thread emulates all CPUs of a guest: to start a tool takes it ten seconds, a minute on a busy machine. So of
 * each part that depends on the CPUs one tool's canary runs, and other tools that have it are attached in the test's
 * own process. To the rest it is the same how many CPUs there are.
 *
 * @module
 */

import assert from "node:assert/strict";
import { cpus } from "node:os";
import { Bpf } from "../../mod.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";
import { tools } from "../../tools/list.ts";
import type { Cases } from "./cases.ts";
import { loadable, mayAttach, rightCall, thisKernel, tryLoading } from "./loadable.ts";
import { testsOf } from "./run_cases.ts";

const MANY = 16;

/** What no map of a C object tells: functions of TypeScript, order, samples of other CPUs, and waits for them. */
const AS_WELL = ["argdist", "cpuunclaimed", "exitsnoop", "runqlen", "runqslower"];

/** node:test's test(). */
type Register = (
  name: string,
  options: { readonly skip: string | boolean },
  run: () => Promise<void>,
) => void;

/**
 * What of a tool's kernel side depends on the number of CPUs: maps that are summed over them, that forget the
 * oldest keys of each, and sampling them. A CPU's scratch space matters to that CPU alone.
 */
function partsOf({ name, object }: AnyTool): string[] {
  if (!(object instanceof Uint8Array)) return [];
  using opened = Bpf.open(object, { name });
  const maps = [...opened.maps.values()].filter(({ name, type }) =>
    /PERCPU|LRU/.test(type) && !/scratch|^keys$|^initial$/.test(name)
  );
  const samples = [...opened.programs.values()].some(({ type }) => type === "PERF_EVENT");
  return [...maps.map(({ name, type }) => `${name} ${type}`), ...samples ? ["samples"] : []];
}

async function attaches(tool: AnyTool, table: Cases): Promise<void> {
  const found = loadable(tool, rightCall(tool, table), thisKernel);
  if (!found) return; // the kernel lacks its hooks, as program_sets_test.ts says
  const attach = mayAttach(tool);
  const { programs, links } = await tryLoading(tool, found, { attach });
  assert.ok(programs > 0);
  assert.ok(!attach || links > 0);
}

/** Registers the tests. @param register calls test() from the test's own file: Deno's reports name the file that calls it */
export async function testManyCpus(register: Register): Promise<void> {
  const skip = cpus().length < MANY &&
    "it is for a guest with 32 CPUs: ./test.sh --full runs it in one";
  const covered = new Set<string>();
  for (const [name, load] of Object.entries(tools)) {
    if (skip) {
      register(`with many CPUs ${name}`, { skip }, async () => {});
      continue;
    }
    const tool = (await load()).default;
    const { default: table } = await import(`../../tools/${name}/${name}.cases.ts`) as {
      default: Cases;
    };
    const canaries = table.cases.filter(({ canary }) => canary);
    const parts = partsOf(tool);
    // Tools share parts, which are the same code: the first tool that has one shows that it is right.
    const isFirst = canaries.length > 0 && parts.some((part) => !covered.has(part));
    if (isFirst) parts.forEach((part) => covered.add(part));
    const cases = isFirst || AS_WELL.includes(name) ? canaries : [];
    for (const { name, skip, run } of testsOf(tool, { cases, anywhere: [] })) {
      register(`with many CPUs ${name}`, { skip }, run);
    }
    if (cases.length > 0 || parts.length === 0) continue;
    register(`with many CPUs ${name} attaches`, { skip: false }, () => attaches(tool, table));
  }
}
